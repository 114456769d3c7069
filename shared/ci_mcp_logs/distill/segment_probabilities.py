"""Estimates where the evidence begins and ends: how likely each stretch of neighbouring candidates is all of it.

Mostly evidence is one stretch of lines: a failing test with its frames, a compiler's messages. Every stretch has a
score, the sum of three: for each of its lines to stand inside evidence, for its first one to begin it and its last one
to end it. All stretches together weigh 1, so that a pass backwards and one forwards give how likely each line is inside
the evidence, and how likely some shown lines hold the whole of it. This is a linear-chain conditional random field
(Lafferty, McCallum and Pereira, ICML 2001) with a single segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log, log1p
from operator import sub
from typing import TYPE_CHECKING

from ci_mcp_logs.distill.line_features import BLANK, MISSING, adjoining, ordinals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ci_mcp_logs.distill.candidates import Candidates
    from ci_mcp_logs.distill.line_features import Columns
    from ci_mcp_logs.distill.model import BinnedModel

_SMALLEST = 1e-4  # chances are kept about this far from 0 and 1, where log-odds have no value
_NEGLIGIBLE = 40.0  # difference of logarithms from which the smaller summand is below a float's precision
_NO_NEIGHBOUR = -7.0  # log-odds of a neighbour that was not looked at: below those of nearly every line


@dataclass(frozen=True, slots=True)
class Posterior:
    """For every candidate the chance that the evidence begins with it, and if it is inside, that it goes on below."""

    begins: Sequence[float]
    goes_on: Sequence[float]

    def inside(self) -> list[float]:
        """Return how likely each line belongs to the evidence."""
        chances: list[float] = []
        onward = 0.0
        for begins, goes_on in zip(self.begins, self.goes_on, strict=True):
            chances.append(onward + begins)
            onward = chances[-1] * goes_on
        return chances

    def complete(self, shown: Iterable[int]) -> float:
        """Return how likely some lines, of ascending index, hold the evidence from its first line to its last."""
        total = onward = 0.0
        following = -1
        for index in shown:
            here = self.begins[index] + (onward if index == following else 0.0)
            onward = here * self.goes_on[index]
            total += here - onward
            following = index + 1
        return total


def posterior(model: BinnedModel, columns: Columns) -> Posterior:
    """Weigh all stretches of neighbouring lines.

    `model` has three scores of a line: for standing inside the evidence, for being its first and its last line.
    """
    inside, first, last = model.totals(columns)
    below: list[float] = []  # from the last line on: logarithm of the weight of all that may follow a line inside
    goes_on: list[float] = []
    onward = -inf
    for own, end, near in zip(reversed(inside), reversed(last), reversed(columns["adjoining"]), strict=True):
        if end - onward > _NEGLIGIBLE:
            below.append(end)
            goes_on.append(0.0)
        else:
            odds = exp(end - onward)
            below.append(onward + log1p(odds))
            goes_on.append(1 / (1 + odds))
        onward = own + below[-1] if near else -inf
    starts = list(map(sum, zip(first, inside, reversed(below), strict=True)))
    most = max(starts)
    weights = [exp(start - most) for start in starts]
    total = sum(weights)
    return Posterior([weight / total for weight in weights], goes_on[::-1])


def segment_columns(candidates: Candidates, worth: Sequence[float]) -> Columns:
    """Return the features by which the evidence begins, goes on or ends with each candidate.

    adjoining: whether it follows directly on the candidate before; worth: log-odds of `worth`; risen, falls: that less
    the neighbour's above and below; role, role_above, role_below: codes of anchors; indent: characters; indented,
    dedented: indent less that of the neighbour above and below; nth: lines of its family above it; to_exit, to_end:
    lines to the failing command's end.
    """
    numbers, profiles = candidates.numbers, candidates.profiles
    adjoins = adjoining(numbers)
    adjoined = [*adjoins[1:], 0]
    odds = [log((chance + _SMALLEST) / (1 + _SMALLEST - chance)) for chance in worth]
    roles, indents = profiles.roles, profiles.indents
    return {
        "adjoining": adjoins,
        "worth": odds,
        "risen": list(map(sub, odds, _of_neighbours([0, *odds], adjoins, _NO_NEIGHBOUR))),
        "falls": list(map(sub, odds, _of_neighbours([*odds[1:], 0], adjoined, _NO_NEIGHBOUR))),
        "role": roles,
        "role_above": _of_neighbours([MISSING, *roles], adjoins, MISSING),
        "role_below": _of_neighbours([*roles[1:], MISSING], adjoined, MISSING),
        "indent": indents,
        "indented": _indent_steps(indents, roles, adjoins),
        "dedented": _indent_steps(indents[::-1], roles[::-1], adjoined[::-1])[::-1],
        "nth": ordinals(profiles.families),
        **candidates.end.columns(numbers),
    }


def _of_neighbours(values: Sequence[float], adjoins: Sequence[int], missing: float) -> list[float]:
    """Return for each line the value of the line above or below it, where that adjoins it."""
    return [value if near else missing for value, near in zip(values, adjoins, strict=False)]


def _indent_steps(indents: Sequence[int], roles: Sequence[int], adjoins: Sequence[int]) -> list[float]:
    """Return how much deeper each line is indented than the last one that was not empty."""
    steps: list[float] = []
    before: int | None = None
    for indent, role, near in zip(indents, roles, adjoins, strict=True):
        before = before if near else None
        steps.append(0 if before is None else indent - before)
        before = before if role == BLANK else indent
    return steps
