"""Estimates where the evidence begins and ends: how likely each stretch of neighbouring candidates is all of it.

Mostly it is one stretch of lines: a failing test with its frames, a compiler's messages. Every stretch has a score: the
sum of what each of its lines is worth, of how its first line reads as a beginning and its last as an end. All stretches
together weigh 1, so that a pass backwards and one forwards tell how likely each line is inside, and how likely some
shown lines hold the whole of it (a linear-chain conditional random field with a single segment).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, inf, log, log1p
from operator import sub

from .candidates import Candidates
from .features import Columns, adjoining
from .line_scores import BLANK, MISSING, ordinals
from .model import Binned

_LEAST = 1e-4  # of this order the smallest chance is, and what the largest lacks
_FAR = 40.0  # difference of logarithms of which the smaller does not count
_NONE = -7.0  # log-odds of a neighbour that was not looked at


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

    def complete(self, shown: Iterable[int]) -> float:
        """How likely some lines, of ascending index, hold the evidence from its first line to its last."""
        total = onward = 0.0
        following = -1
        for index in shown:
            here = self.begins[index] + (onward if index == following else 0.0)
            onward = here * self.goes_on[index]
            total += here - onward
            following = index + 1
        return total


def posterior(model: Binned, columns: Columns) -> Posterior:
    """Weigh all stretches of neighbouring lines.

    `model` sums what speaks for a line to stand inside the evidence, to be its first, and to be its last.
    """
    inside, first, last = model.totals(columns)
    below: list[float] = []  # logarithm of the weight of all that may follow a line inside; from the last line on
    goes_on: list[float] = []
    onward = -inf
    for its, end, near in zip(reversed(inside), reversed(last), reversed(columns["adjoining"]), strict=True):
        if end - onward > _FAR:
            below.append(end)
            goes_on.append(0.0)
        else:
            odds = exp(end - onward)
            below.append(onward + log1p(odds))
            goes_on.append(1 / (1 + odds))
        onward = its + below[-1] if near else -inf
    starts = list(map(sum, zip(first, inside, reversed(below), strict=True)))
    most = max(starts)
    weights = [exp(start - most) for start in starts]
    total = sum(weights)
    return Posterior([weight / total for weight in weights], goes_on[::-1])


def segment_columns(candidates: Candidates, worth: Sequence[float]) -> Columns:
    """Return the features by which the evidence begins, goes on or ends with each candidate."""
    numbers, looks = candidates.numbers, candidates.looks
    adjoins = adjoining(numbers)
    adjoined = [*adjoins[1:], 0]
    odds = [log((chance + _LEAST) / (1 + _LEAST - chance)) for chance in worth]
    codes, indents = looks.codes, looks.indents
    return {
        "adjoining": adjoins,
        "worth": odds,
        "risen": list(map(sub, odds, _from_above(odds, adjoins, _NONE))),
        "falls": list(map(sub, odds, _from_below(odds, adjoined, _NONE))),
        "role": codes,
        "role_above": _from_above(codes, adjoins, MISSING),
        "role_below": _from_below(codes, adjoined, MISSING),
        "indent": indents,
        "indented": _steps(indents, codes, adjoins),
        "dedented": _steps(indents[::-1], codes[::-1], adjoined[::-1])[::-1],
        "nth": ordinals(looks.kinds),
        "to_end": [candidates.end - number for number in numbers],
    }


def _from_above(values: Sequence[float], adjoining: Sequence[int], missing: float) -> list[float]:
    """Each line's value of the line above it."""
    return [value if near else missing for value, near in zip([missing, *values], adjoining, strict=False)]


def _from_below(values: Sequence[float], adjoined: Sequence[int], missing: float) -> list[float]:
    return [value if near else missing for value, near in zip([*values[1:], missing], adjoined, strict=False)]


def _steps(indents: Sequence[int], codes: Sequence[int], adjoining: Sequence[int]) -> list[float]:
    """How much deeper each line is indented than the last one that was not empty."""
    steps: list[float] = []
    before: int | None = None
    for indent, code, near in zip(indents, codes, adjoining, strict=True):
        before = before if near else None
        steps.append(0 if before is None else indent - before)
        before = before if code == BLANK else indent
    return steps
