"""Spend the token budget on the candidates that most likely are evidence."""

from collections.abc import Sequence

from .excerpt import cost
from .text import Line

_CHEAPEST = 6.0  # tokens; below this a line is not preferred for being short


def choose(lines: Sequence[Line], chances: Sequence[float], budget: float, longest: int) -> list[int]:
    """Indices of the lines to show, ascending: likely ones first, at equal chance the cheaper ones."""
    costs = [cost(line, longest) for line in lines]
    order = sorted(range(len(lines)), key=lambda i: (-chances[i] / max(costs[i], _CHEAPEST) ** 0.5, i))
    chosen: list[int] = []
    spent = 0.0
    for index in order:
        if spent + costs[index] <= budget:
            chosen.append(index)
            spent += costs[index]
    return sorted(chosen)
