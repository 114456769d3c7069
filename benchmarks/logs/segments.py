"""Learn what tells where the evidence begins and ends: the weights of the distiller's stretches of lines.

The likelihood of the marked stretch among all stretches of a log's candidates is made as large as possible, with a
penalty on large weights: 51 repositories are few. All logs are worked on at once, one line of each at a time.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from ci_mcp_logs.distill.line_features import BLANK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FEATURES = {
    "inside": ("worth", "role", "indented"),
    "first": ("worth", "risen", "role", "role_above", "indented", "nth", "to_exit", "to_end", "indent"),
    "last": ("worth", "falls", "role", "role_below", "dedented", "to_exit", "to_end", "indent"),
}
CODED = {"role", "role_above", "role_below", "role_after"}
FEW = 14  # values; a feature with no more has a bin for each
BINS = 10
PENALTY = 4.0
STEPS = 60
NEVER = -1e30


@dataclass(frozen=True)
class Example:
    """A log's candidates, and the first and last index of the marked stretch; none where no candidate is marked."""

    columns: Mapping[str, Sequence[float]]
    marked: tuple[int, int] | None


def marked(numbers: Sequence[int], gold: Sequence[int]) -> tuple[int, int] | None:
    """Where in the neighbouring candidates most of the marked lines stand."""
    wanted = set(gold)
    runs: list[list[int]] = []
    for index, number in enumerate(numbers):
        if not index or number != numbers[index - 1] + 1:
            runs.append([])
        if number in wanted:
            runs[-1].append(index)
    best = max(runs, key=len, default=[])
    return (best[0], best[-1]) if best else None


class Part:
    """One of the three sums: which bins of its features every line is in."""

    def __init__(self, names: Sequence[str], values: Mapping[str, Any], bounds: Mapping[str, Any]) -> None:
        sizes = [len(bounds[name]) + 1 for name in names]
        self.starts = dict(zip(names, np.cumsum([0, *sizes]), strict=False))
        self.sizes = dict(zip(names, sizes, strict=True))
        self.size = sum(sizes)
        cells = np.stack(
            [self.starts[name] + np.searchsorted(bounds[name], values[name], "right") for name in names], 1
        )
        self.rows = csr_matrix(
            (np.ones(cells.size), cells.ravel(), np.arange(0, cells.size + 1, cells.shape[1])),
            shape=(len(cells), self.size),
        )

    def steps(self, weights: Any) -> dict[str, Any]:
        """The learned weights by feature."""
        return {name: weights[begin : begin + self.sizes[name]] for name, begin in self.starts.items()}


def edges(column: Any) -> Any:
    """Bounds of a feature's bins."""
    values = np.unique(column)
    if len(values) <= FEW:
        return (values[1:] + values[:-1]) / 2
    return np.unique(np.quantile(column, np.linspace(0, 1, BINS + 1)[1:-1]))


def as_model(
    bounds: Mapping[str, Sequence[float]], columns: Mapping[str, Any], sums: Sequence[tuple[float, Mapping[str, Any]]]
) -> dict[str, Any]:
    """Sums of step functions as the package reads them; `sums` are start and steps, `columns` the features' values.

    A start is added to the steps of its sum's first feature. A feature that is a code has a table and no bounds.
    """
    rows = [_started(start, steps) for start, steps in sums]
    for name in CODED & bounds.keys():
        for row in rows:
            if name in row:
                row[name] = [row[name][bisect_right(bounds[name], code)] for code in range(BLANK + 1)]
    written = {name: _written(edges, columns[name]) for name, edges in bounds.items() if name not in CODED}
    return {"bounds": written, "sums": rows}


def _started(start: float, steps: Mapping[str, Any]) -> dict[str, list[float]]:
    first = next(iter(steps))
    return {name: [round(float(v) + start * (name == first), 3) for v in row] for name, row in steps.items()}


def _written(bounds: Sequence[float], column: Any) -> list[float]:
    """The bounds of a feature: whole where its values are, which compare quicker."""
    if np.all(column == np.floor(column)):
        return [math.ceil(bound) for bound in bounds]
    return [float(f"{bound:.5g}") for bound in bounds]


class Grid:
    """Lines of all logs as a table: a row for each log."""

    def __init__(self, examples: Sequence[Example]) -> None:
        counts = [len(e.columns["worth"]) for e in examples]
        self.valid = np.arange(max(counts))[None, :] < np.array(counts)[:, None]
        self.adjoining = self.spread(np.concatenate([e.columns["adjoining"] for e in examples]), 0.0) > 0
        self.first, self.last, self.inside = (np.zeros(self.valid.shape) for _ in range(3))
        for row, example in enumerate(examples):
            begin, end = example.marked or (0, 0)
            self.first[row, begin] = self.last[row, end] = 1
            self.inside[row, begin : end + 1] = 1

    def spread(self, values: Any, missing: float) -> Any:
        """Values of all lines in their places."""
        table = np.full(self.valid.shape, missing)
        table[self.valid] = values
        return table

    def expected(self, inside: Any, first: Any, last: Any) -> tuple[Any, Any, Any, Any]:
        """Logarithm of the weight of all stretches of each log; how often each line is inside, first and last."""
        shape = self.valid.shape
        above, below = np.empty(shape), np.empty(shape)
        flow = np.full(shape[0], NEVER)
        for t in range(shape[1]):
            flow = np.logaddexp(np.where(self.adjoining[:, t], flow, NEVER), first[:, t]) + inside[:, t]
            above[:, t] = flow = np.maximum(flow, NEVER)
        flow = np.full(shape[0], NEVER)
        for t in reversed(range(shape[1])):
            below[:, t] = flow = np.logaddexp(last[:, t], flow)
            flow = np.maximum(np.where(self.adjoining[:, t], flow + inside[:, t], NEVER), NEVER)
        ends = above + last
        total = np.logaddexp.reduce(ends, axis=1)
        chances = (above + below, first + inside + below, ends)
        shares = (np.where(self.valid, np.exp(np.minimum(c - total[:, None], 0)), 0) for c in chances)
        return (total, *shares)  # type: ignore[return-value]  # three of them


def learn_segments(examples: Sequence[Example]) -> dict[str, Any]:
    """The three sums, as the package reads them."""
    examples = [example for example in examples if example.marked]
    grid = Grid(examples)
    used = sorted(set().union(*FEATURES.values()))
    values = {name: np.concatenate([np.asarray(e.columns[name], float) for e in examples]) for name in used}
    bounds = {name: edges(column) for name, column in values.items()}
    parts = [Part(names, values, bounds) for names in FEATURES.values()]
    splits = np.cumsum([part.size for part in parts])

    def loss(weights: Any) -> tuple[float, Any]:
        each = np.split(weights, splits)
        sums = [part.rows @ w for part, w in zip(parts, each, strict=False)]
        sums[0] = sums[0] + each[3][0]
        total, *shares = grid.expected(*(grid.spread(s, NEVER) for s in sums))
        given = [table[grid.valid] for table in (grid.inside, grid.first, grid.last)]
        over = [share[grid.valid] - gold for share, gold in zip(shares, given, strict=True)]
        value = total.sum() - sum(float(s @ gold) for s, gold in zip(sums, given, strict=True))
        slope = np.concatenate([*(part.rows.T @ o for part, o in zip(parts, over, strict=True)), [over[0].sum()]])
        return value + PENALTY / 2 * (weights**2).sum(), slope + PENALTY * weights

    found = minimize(loss, np.zeros(splits[-1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    each = np.split(found.x, splits)
    starts = [float(each[3][0]), 0.0, 0.0]
    sums = [(start, part.steps(weights)) for start, part, weights in zip(starts, parts, each, strict=False)]
    return as_model(bounds, values, sums)
