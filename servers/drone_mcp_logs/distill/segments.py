"""Where the evidence begins and ends: how likely each stretch of neighbouring candidates is all of it.

Mostly it is one stretch of lines: a failing test with its frames, a compiler's messages. Every stretch has a score: the
sum of what each of its lines is worth, of how its first line reads as a beginning and its last as an end. All stretches
together weigh 1, so that a pass backwards and one forwards tell how likely each line is inside, and how likely some
shown lines hold the whole of it (a linear-chain conditional random field with a single segment).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from .candidates import Candidates
from .features import ROLE_CODE, Columns, kind
from .marks import Mark
from .model import SegmentModel
from .text import Line

_LEAST = 1e-4  # no chance is taken for smaller, nor for nearer to 1
_NONE = -7.0  # log-odds of a neighbour that was not looked at
_DEEPER = 4  # columns; a further step to the right tells no more
_SO_MANY = 6  # of a kind; further ones tell no more


@dataclass(frozen=True, slots=True)
class Posterior:
    """Of every candidate the chance that the evidence begins with it, and where it is inside, that it goes on below."""

    begins: Sequence[float]
    goes_on: Sequence[float]

    def inside(self) -> list[float]:
        """How likely each line belongs to the evidence."""
        chances: list[float] = []
        onward = 0.0
        for begins, goes_on in zip(self.begins, self.goes_on, strict=True):
            chances.append(onward + begins)
            onward = chances[-1] * goes_on
        return chances

    def complete(self, shown: Sequence[bool]) -> float:
        """How likely the shown lines hold the evidence from its first line to its last."""
        total = onward = 0.0
        for begins, goes_on, is_shown in zip(self.begins, self.goes_on, shown, strict=True):
            here = onward + begins if is_shown else 0.0
            onward = here * goes_on
            total += here - onward
        return total


def posterior(model: SegmentModel, columns: Columns) -> Posterior:
    """Weigh all stretches of neighbouring lines."""
    inside, first, last = (part.totals(columns) for part in (model.inside, model.first, model.last))
    adjoining = columns["adjoining"]
    count = len(inside)
    below: list[float] = [0.0] * count  # logarithm of the weight of all that may follow a line inside
    goes_on = [0.0] * count
    onward = -math.inf
    for i in range(count - 1, -1, -1):
        below[i] = _added(last[i], onward)
        goes_on[i] = math.exp(onward - below[i])
        onward = inside[i] + below[i] if adjoining[i] else -math.inf
    starts = [a + b + c for a, b, c in zip(first, inside, below, strict=True)]
    most = max(starts, default=0.0)
    weights = [math.exp(start - most) for start in starts]
    total = sum(weights)
    return Posterior([weight / total for weight in weights], goes_on)


def _added(a: float, b: float) -> float:
    """The logarithm of the sum of two numbers that are given as logarithms."""
    high, low = (a, b) if a > b else (b, a)
    return high + math.log1p(math.exp(low - high))


def segment_columns(candidates: Candidates, worth: Sequence[float]) -> Columns:
    """What tells of every candidate whether the evidence begins, goes on or ends with it."""
    lines, marks = candidates.lines, candidates.marks
    adjoining = [0, *(int(b.number == a.number + 1) for a, b in pairwise(lines))]
    adjoined = [*adjoining[1:], 0]
    odds = [_log_odds(value) for value in worth]
    roles = [ROLE_CODE[mark.role] for mark in marks]
    blank = [int(not line.text) for line in lines]
    indents = [len(line.text) - len(line.text.lstrip()) for line in lines]
    above, beneath = _from_above(odds, adjoining, _NONE), _from_below(odds, adjoined, _NONE)
    return {
        "adjoining": adjoining,
        "worth": odds,
        "risen": [a - b for a, b in zip(odds, above, strict=True)],
        "falls": [a - b for a, b in zip(odds, beneath, strict=True)],
        "role": roles,
        "role_above": _from_above(roles, adjoining, -1),
        "role_below": _from_below(roles, adjoined, -1),
        "blank": blank,
        "blank_above": _from_above(blank, adjoining, 2),
        "blank_below": _from_below(blank, adjoined, 2),
        "indent": [min(indent, 2 * _DEEPER) for indent in indents],
        "indented": _steps(indents, blank, adjoining),
        "dedented": _steps(indents[::-1], blank[::-1], adjoined[::-1])[::-1],
        "told": _told(roles),
        "nth": _ordinals(lines, marks),
        "to_end": [candidates.end - line.number for line in lines],
        "top": [max(odds, default=0.0)] * len(lines),
    }


def _log_odds(chance: float) -> float:
    chance = min(max(chance, _LEAST), 1 - _LEAST)
    return math.log(chance / (1 - chance))


def _from_above(values: Sequence[float], adjoining: Sequence[int], missing: float) -> list[float]:
    """Each line's value of the line above it."""
    return [values[i - 1] if near else missing for i, near in enumerate(adjoining)]


def _from_below(values: Sequence[float], adjoined: Sequence[int], missing: float) -> list[float]:
    return [values[i + 1] if near else missing for i, near in enumerate(adjoined)]


def _steps(indents: Sequence[int], blank: Sequence[int], adjoining: Sequence[int]) -> list[float]:
    """How much deeper each line is indented than the last one that was not empty."""
    steps: list[float] = []
    before: int | None = None
    for indent, is_blank, near in zip(indents, blank, adjoining, strict=True):
        before = before if near else None
        steps.append(0 if before is None else max(-_DEEPER, min(indent - before, _DEEPER)))
        before = before if is_blank else indent
    return steps


def _told(roles: Sequence[int]) -> list[int]:
    """How many lines above each one say what is wrong."""
    return [min(told, _SO_MANY) for told in accumulate((role >= ROLE_CODE["cause"] for role in roles[:-1]), initial=0)]


def _ordinals(lines: Sequence[Line], marks: Sequence[Mark]) -> list[float]:
    """How many of its kind stand above each line."""
    seen: Counter[str] = Counter()
    above: list[float] = []
    for line, mark in zip(lines, marks, strict=True):
        its = kind(line.text, mark)
        above.append(min(seen[its], _SO_MANY))
        seen[its] += 1
    return above
