"""Spends the token budget on the candidates that most likely are evidence, and stops when that is shown."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import inf, log

from .candidates import Candidates
from .segments import Posterior
from .text import tokens

_REPEATED = 0.7  # what a line is worth that says again, digits aside, what stood well above
_WELL_ABOVE = 30  # lines; nearer, a line may say the same for good reason, as stack frames do
_SAME_KIND = 0.97  # what each further line of one anchor is worth
_AFTER_END = 0.15  # what a line is worth behind the end of all
_LAST_WORDS = 40  # lines before the failing command's end within which a summary is surely telling
_SURE = 0.5  # the least chance of such a summary and of the line at which the command ended
_FIRST = 0.85  # the least chance of the first line of each telling anchor
_CHEAPEST = 6.0  # tokens; below this a line is not preferred for being short
_THRIFT = 0.3  # how much a line's price counts against its chance
_HOLE = 4  # lines; a shorter hole between two shown lines is filled
_STRETCH = 0.3  # how much a line counts as part of a stretch, the rest by itself; in a small budget that finds more
_LEAST = 1e-6  # what the most unlikely line is worth
_SURELY = 0.97  # chance of being complete at which an answer ends
_SHORT = 700  # tokens; an answer ends there
_LIKELY = 0.77  # if it is as likely complete as that
_EXIT_KINDS = {124: "timeout", 137: "out_of_memory", 143: "cancelled"}
_WORTHLESS = 0.02  # a line worth less is not compared with others


def longest_line(budget: float) -> int:
    """Characters of a line that are shown at most: a small budget affords no long lines."""
    return int(min(400, max(100, budget / 4)))


def weigh(candidates: Candidates, chances: Sequence[float], exit_code: int) -> list[float]:
    """What showing each line is worth: its chance, more for first and last words, less for what was said before."""
    worth = []
    ended_by = _EXIT_KINDS.get(exit_code)
    behind = candidates.end + 1 if candidates.final else inf
    said: dict[bytes, tuple[int, int]] = {}  # how often before, and on which line last
    kinds: defaultdict[str, int] = defaultdict(int)
    looks = candidates.looks
    rows = zip(candidates.numbers, looks.anchors, looks.kinds, looks.gists, chances, strict=True)
    for number, anchor, kind, gist, chance in rows:
        value = chance
        if anchor.role or number == candidates.end:
            value = max(value, _least(candidates, number, anchor.role, kinds[kind]))
        if ended_by and anchor.kind == ended_by:
            value = max(value, _SURE)
        if number > behind:
            value *= _AFTER_END
        if value > _WORTHLESS and gist:
            times, nearest = said.get(gist, (0, number))
            times += number - nearest > _WELL_ABOVE
            if times:
                value *= _REPEATED ** min(times, 4)
            said[gist] = (times, number)
        if anchor.role:
            value *= _SAME_KIND ** min(kinds[kind], 40)
            kinds[kind] += 1
        worth.append(value)
    return worth


def _least(candidates: Candidates, number: int, role: str, seen: int) -> float:
    """The chance that a line has at least for what it is and where it stands."""
    to_end = candidates.end - number
    if (role in {"exit", "summary"} and 0 <= to_end <= _LAST_WORDS) or (to_end == 0 and number != candidates.last):
        return _SURE
    return _FIRST if role in {"head", "cause"} and not seen else 0.0


def choose(candidates: Candidates, worth: Sequence[float], likely: Posterior, budget: float, longest: int) -> list[int]:
    """Indices of the lines to show, ascending: the worthiest first, of equal ones the cheaper, until it is enough.

    Short holes that a line would leave are filled along with it. `longest` characters of a line are shown at most.
    """
    numbers = candidates.numbers
    overhead = tokens(numbers[-1], 0)  # the longest number's
    costs = [overhead + min(len(text), longest) / 4 for text in candidates.texts]
    values = _values(worth, likely, costs, _STRETCH if budget > _SHORT else 0.0)
    ends = [numbers.index(candidates.end)] if candidates.end != candidates.last else []
    chosen: list[range] = []

    def shown(groups: int) -> list[int]:
        return sorted(chain.from_iterable(chosen[:groups]))

    def complete(groups: int) -> float:
        return likely.complete(shown(groups))

    spent = 0.0
    for group, price in _groups(numbers, [*ends, *_from_best(values)], costs, budget):
        if spent <= _SHORT < spent + price and complete(len(chosen)) >= _LIKELY:
            break
        chosen.append(group)
        spent += price
    enough = len(chosen)
    if complete(enough) >= _SURELY:
        enough = bisect_left(range(enough), _SURELY, key=complete)
    return shown(enough)


def _values(worth: Sequence[float], likely: Posterior, costs: Sequence[float], stretch: float) -> list[float]:
    """What each line brings for its price, as a logarithm: `stretch` as a part of one, the rest by itself."""
    own = 1 - stretch
    return [
        stretch * log(inside + _LEAST) + own * log(its + _LEAST) - _THRIFT * log(max(cost, _CHEAPEST))
        for inside, its, cost in zip(likely.inside(), worth, costs, strict=True)
    ]


def _from_best(values: Sequence[float]) -> list[int]:
    return sorted(range(len(values)), key=values.__getitem__, reverse=True)


def _groups(
    numbers: Sequence[int], order: Iterable[int], costs: Sequence[float], budget: float
) -> Iterator[tuple[range, float]]:
    """Neighbouring lines that are shown together and their price, in order, as many as the budget allows."""
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
    """The line and those between it and a shown line close by."""
    above = shown.rfind(1, max(0, index - _HOLE - 1), index)
    below = shown.find(1, index + 1, index + _HOLE + 2)
    joins_above = above >= 0 and numbers[index] - numbers[above] == index - above
    joins_below = below >= 0 and numbers[below] - numbers[index] == below - index
    return range(above + 1 if joins_above else index, below if joins_below else index + 1)
