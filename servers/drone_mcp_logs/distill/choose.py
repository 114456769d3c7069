"""Spend the token budget on the candidates that most likely are evidence, and stop when it is shown."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from .candidates import Candidates
from .segments import Posterior
from .text import Line, tokens, unstamped

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
_LEAST = 1e-6  # no line is worth less
_SURELY = 0.97  # chance of being complete at which an answer ends
_SHORT = 700  # tokens; an answer ends there
_LIKELY = 0.73  # if it is as likely complete as that
_EXIT_KINDS = {124: "timeout", 137: "out_of_memory", 143: "cancelled"}
_WORTHLESS = 0.02  # a line worth less is not compared with others
_DIGITS = bytes.maketrans(b"0123456789", b"0" * 10)


def longest_line(budget: float) -> int:
    """Characters of a line that are shown at most: a small budget affords no long lines."""
    return int(min(400, max(100, budget / 4)))


def weigh(candidates: Candidates, chances: Sequence[float], exit_code: int) -> list[float]:
    """What showing each line is worth: its chance, more for first and last words, less for what was said before."""
    worth = []
    ended_by = _EXIT_KINDS.get(exit_code)
    said: dict[bytes, tuple[int, int]] = {}  # how often before, and on which line last
    kinds: Counter[str] = Counter()
    for line, mark, chance in zip(candidates.lines, candidates.marks, chances, strict=True):
        name = mark.anchor.name if mark.anchor else ""
        value = max(chance, _least(candidates, line, mark.role, kinds[name]))
        if ended_by and mark.anchor and mark.anchor.kind == ended_by:
            value = max(value, _SURE)
        if candidates.final and line.number > candidates.end + 1:
            value *= _AFTER_END
        gist = _gist(line.text) if value > _WORTHLESS else b""
        times, nearest = said.get(gist, (0, line.number))
        far = line.number - nearest > _WELL_ABOVE
        value *= _REPEATED ** min(times + far, 4) * _SAME_KIND ** min(kinds[name], 40)
        if gist:
            said[gist] = (times + far, line.number)
        if name:
            kinds[name] += 1
        worth.append(value)
    return worth


def _gist(text: str) -> bytes:
    """What a line says, digits aside."""
    return unstamped(text).encode("utf-8", "replace").translate(_DIGITS).strip()


def _least(candidates: Candidates, line: Line, role: str, seen: int) -> float:
    """The chance that a line has at least for what it is and where it stands."""
    to_end = candidates.end - line.number
    if (role in {"exit", "summary"} and 0 <= to_end <= _LAST_WORDS) or (to_end == 0 and line.number != candidates.last):
        return _SURE
    return _FIRST if role in {"head", "cause"} and not seen else 0.0


def choose(candidates: Candidates, worth: Sequence[float], likely: Posterior, budget: float, longest: int) -> list[int]:
    """Indices of the lines to show, ascending: the worthiest first, of equal ones the cheaper, until it is enough.

    Short holes that a line would leave are filled along with it. `longest` characters of a line are shown at most.
    """
    costs = [tokens(line.number, line.text[:longest]) for line in candidates.lines]

    def complete(groups: int) -> float:
        shown = set(chain.from_iterable(chosen[:groups]))
        return likely.complete([i in shown for i in range(len(costs))])

    chosen: list[set[int]] = []
    spent = 0.0
    for group in _groups(
        candidates, _values(worth, likely, costs, _STRETCH if budget > _SHORT else 0.0), costs, budget
    ):
        price = sum(costs[i] for i in group)
        if spent <= _SHORT < spent + price and complete(len(chosen)) >= _LIKELY:
            break
        chosen.append(group)
        spent += price
    return sorted(chain.from_iterable(chosen[: bisect_left(range(len(chosen)), _SURELY, key=complete)]))


def _values(worth: Sequence[float], likely: Posterior, costs: Sequence[float], stretch: float) -> list[float]:
    """What each line brings for its price: `stretch` as a part of one, the rest by itself."""
    return [
        max(inside, _LEAST) ** stretch * max(own, _LEAST) ** (1 - stretch) / max(cost, _CHEAPEST) ** _THRIFT
        for inside, own, cost in zip(likely.inside(), worth, costs, strict=True)
    ]


def _groups(
    candidates: Candidates, values: Sequence[float], costs: Sequence[float], budget: float
) -> Iterator[set[int]]:
    """Lines that are shown together, in the order in which they are, as many as the budget allows."""
    lines = candidates.lines
    ends = [i for i, line in enumerate(lines) if line.number == candidates.end != candidates.last]
    chosen: set[int] = set()
    for index in (*ends, *sorted(range(len(lines)), key=lambda i: (-values[i], i))):
        if index in chosen:
            continue
        for group in (_with_holes(lines, chosen, index), {index}):
            price = sum(costs[i] for i in group)
            if price <= budget:
                budget -= price
                chosen |= group
                yield group
                break


def _with_holes(lines: Sequence[Line], chosen: set[int], index: int) -> set[int]:
    """The line and those between it and a chosen line close by."""
    return {index, *chain.from_iterable(_hole(lines, chosen, index, step) for step in (-1, 1))}


def _hole(lines: Sequence[Line], chosen: set[int], index: int, step: int) -> Iterator[int]:
    """The lines towards the next chosen line in one direction, if that is near."""
    for distance in range(1, _HOLE + 2):
        other = index + step * distance
        if not 0 <= other < len(lines) or lines[other].number != lines[index].number + step * distance:
            return
        if other in chosen:
            yield from range(index + step, other, step)
            return
