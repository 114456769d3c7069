"""Spends the token budget on the candidates that most likely are evidence, and stops when that is shown."""

from __future__ import annotations

from bisect import bisect_left
from itertools import chain, takewhile
from math import log
from typing import TYPE_CHECKING

from ci_mcp_logs.distill import tuning
from ci_mcp_logs.distill.line_text import shown_part, token_cost

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ci_mcp_logs.distill.candidates import Candidates
    from ci_mcp_logs.distill.segment_probabilities import Posterior

_LEAST = 1e-6  # the least value of which a logarithm is taken


def choose(candidates: Candidates, worth: Sequence[float], likely: Posterior, budget: float, longest: int) -> list[int]:
    """Return the indexes of the lines to show, ascending: the worthiest first, of equal ones the cheaper.

    Short holes that a line would leave are filled along with it. It ends as soon as the evidence is likely complete.

    Args:
        candidates: the lines.
        worth: of each line by itself.
        likely: chances of the stretches.
        budget: tokens.
        longest: characters of a line that are shown at most.
    """
    numbers = candidates.numbers
    overhead = token_cost(numbers[-1], 0)  # the longest number's
    costs = [overhead + len(shown_part(text, longest)) / 4 for text in candidates.texts]
    # In a small budget stretches find less: see docs/diagnosis.md.
    values = _values(worth, likely, costs, tuning.STRETCH if budget > tuning.SHORT_ANSWER else 0.0)
    last_words = _last_words(candidates, costs, min(tuning.LAST_WORDS_COST, budget * tuning.LAST_WORDS_SHARE))
    best_first = sorted(
        (index for index, own in enumerate(worth) if own >= tuning.LEAST_SHOWN), key=values.__getitem__, reverse=True
    )
    chosen: list[range] = []

    def shown(groups: int) -> list[int]:
        return sorted(chain.from_iterable(chosen[:groups]))

    def complete(groups: int) -> float:
        return likely.complete(shown(groups))

    def order() -> Iterator[int]:
        yield from last_words
        yield from takewhile(lambda _: spent <= tuning.SHORT_ANSWER, best_first)
        yield from _last_words(candidates, costs, tuning.UNSURE_LAST_WORDS_COST)
        yield from best_first

    spent = 0.0
    for group, price in _groups(numbers, order(), costs, budget):
        if spent <= tuning.SHORT_ANSWER < spent + price and complete(len(chosen)) >= tuning.LIKELY_COMPLETE:
            break
        chosen.append(group)
        spent += price
    enough = len(chosen)
    if complete(enough) >= tuning.SURELY_COMPLETE:
        enough = bisect_left(range(enough), tuning.SURELY_COMPLETE, lo=min(len(last_words), enough), key=complete)
    return shown(enough)


def _last_words(candidates: Candidates, costs: Sequence[float], room: float) -> list[int]:
    """Return the indexes of the last lines that say something before the failing command's end, the last one first.

    They are shown whatever else is: where the failing command is the last one, no other lines tell as much.
    """
    end = bisect_left(candidates.numbers, candidates.end.number)
    found = [end] if candidates.end.number != candidates.last else []
    room -= sum(costs[index] for index in found)
    for index in range(end - len(found), -1, -1):
        adjoins = candidates.numbers[end] - candidates.numbers[index] == end - index
        if not adjoins or costs[index] > room:
            break
        if any(map(str.isalnum, candidates.texts[index])):
            room -= costs[index]
            found.append(index)
    return found


def _values(worth: Sequence[float], likely: Posterior, costs: Sequence[float], stretch: float) -> list[float]:
    """Return the value of each line for its price, as a logarithm: `stretch` as a part of one, the rest by itself.

    A line that is evident by itself keeps a part of its worth outside the likeliest stretch: there may be a second one.
    """
    values = []
    for inside, own, cost in zip(likely.inside(), worth, costs, strict=True):
        part = max(inside, tuning.OUTSIDE * own) if own >= tuning.EVIDENT else inside
        value = stretch * log(part + _LEAST) + (1 - stretch) * log(own + _LEAST)
        values.append(value - tuning.THRIFT * log(max(cost, tuning.CHEAPEST)))
    return values


def _groups(
    numbers: Sequence[int], order: Iterable[int], costs: Sequence[float], budget: float
) -> Iterator[tuple[range, float]]:
    """Yield neighbouring lines that are shown together and their price, in order, as many as the budget allows."""
    shown = bytearray(len(numbers))
    cheapest = min(costs)
    for index in order:
        if budget < cheapest:
            return
        if shown[index] or costs[index] > budget:
            continue
        for group in (_with_holes(numbers, shown, index), range(index, index + 1)):
            price = sum(costs[group.start : group.stop])
            if price <= budget:
                budget -= price
                shown[group.start : group.stop] = b"\1" * len(group)
                yield group, price
                break


def _with_holes(numbers: Sequence[int], shown: bytearray, index: int) -> range:
    """Return the line and those between it and a shown line close by."""
    above = shown.rfind(1, max(0, index - tuning.FILLED_HOLE - 1), index)
    below = shown.find(1, index + 1, index + tuning.FILLED_HOLE + 2)
    joins_above = above >= 0 and numbers[index] - numbers[above] == index - above
    joins_below = below >= 0 and numbers[below] - numbers[index] == below - index
    return range(above + 1 if joins_above else index, below if joins_below else index + 1)
