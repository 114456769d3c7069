"""Spend the token budget on the candidates that most likely are evidence, and stop when it is shown."""

from collections.abc import Sequence

from .text import Line, tokens

_CHEAPEST = 6.0  # tokens; below this a line is not preferred for being short
_ENOUGH = 0.95  # share of all likelihood after which nothing more is shown
_GAP = 2  # lines; a shorter hole between two shown lines is filled


def longest_line(budget: float) -> int:
    """Characters of a line that are shown at most: a small budget affords no long lines."""
    return int(min(400, max(100, budget / 4)))


def choose(lines: Sequence[Line], chances: Sequence[float], budget: float, longest: int) -> list[int]:
    """Indices of the lines to show, ascending: likely ones first, at equal chance the cheaper ones."""
    costs = [tokens(line.number, line.text[:longest]) for line in lines]
    order = sorted(range(len(lines)), key=lambda i: (-chances[i] / max(costs[i], _CHEAPEST) ** 0.5, i))
    enough = sum(chances) * _ENOUGH
    chosen: list[int] = []
    spent = shown = 0.0
    for index in order:
        if shown > enough:
            break
        if spent + costs[index] <= budget:
            chosen.append(index)
            spent += costs[index]
            shown += chances[index]
    return _without_holes(lines, sorted(chosen), costs, budget - spent)


def _without_holes(lines: Sequence[Line], chosen: list[int], costs: Sequence[float], left: float) -> list[int]:
    """Short holes filled as far as the budget goes."""
    whole = chosen[:1]
    for index in chosen[1:]:
        hole = range(whole[-1] + 1, index) if whole else range(0)
        price = sum(costs[i] for i in hole)
        if len(hole) <= _GAP and price <= left and lines[index].number - lines[whole[-1]].number == len(hole) + 1:
            whole += hole
            left -= price
        whole.append(index)
    return whole
