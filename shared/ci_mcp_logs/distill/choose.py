"""Weighs the candidates, and spends the budget on the worthiest until the evidence is likely shown. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import chain, takewhile
from math import inf, log
from typing import TYPE_CHECKING

from ci_mcp_logs.distill import tuning
from ci_mcp_logs.distill.line_features import ordinals
from ci_mcp_logs.distill.line_words import own_text, shown_part, token_cost

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ci_mcp_logs.distill.candidates import Candidates
    from ci_mcp_logs.distill.segment_probabilities import Posterior

# The class of failure that an exit code speaks for. GNU timeout ends with 124. A shell ends with 128 plus the number of
# the signal that killed a command (Bash manual, 3.7.5): 137 is SIGKILL, sent by a kernel out of memory, 143 SIGTERM.
_KIND_OF_EXIT = {124: "timeout", 137: "out_of_memory", 143: "cancelled"}
_LEAST = 1e-6  # the least value of which a logarithm is taken


def weigh(candidates: Candidates, chances: Sequence[float], exit_code: int) -> list[float]:
    """Return the worth of each line: its chance, raised for first and last words, lowered for what is said before."""
    end, profiles = candidates.end, candidates.profiles
    last = end.number + end.known if end.final else inf  # behind it a workflow only cleans up; a known end has a reason
    nth = ordinals(profiles.families)
    values = _raised_chances(candidates, chances, nth, exit_code)
    said_above, copied = _times_said_above(candidates, values), _times_copied(candidates.texts, profiles.gists)
    worth = []
    rows = zip(candidates.numbers, profiles.anchors, values, said_above, copied, nth, strict=True)
    for number, anchor, value, times_said, times_copied, above in rows:
        place = tuning.BEHIND_END if number > last else 1.0
        repetition = tuning.SAID_BEFORE ** min(max(times_said, times_copied), tuning.COUNTED_REPETITIONS)
        family = tuning.SAME_FAMILY ** min(above, tuning.COUNTED_OF_FAMILY) if anchor.role else 1.0
        worth.append(value * place * repetition * family)
    best = 0.0
    for index in reversed(range(len(worth))):  # a command is worth a share of the best in the output below it
        if profiles.anchors[index].role == "command":
            worth[index] = max(worth[index], tuning.COMMAND_SHARE * best)
            best = 0.0
        else:
            best = max(best, worth[index])
    return worth


def _raised_chances(
    candidates: Candidates, chances: Sequence[float], nth: Sequence[int], exit_code: int
) -> list[float]:
    """Return the chance of each line, raised to the least value of its role; what is said everywhere loses instead."""
    kind_of_exit = _KIND_OF_EXIT.get(exit_code)
    values = []
    rows = zip(
        candidates.numbers,
        candidates.profiles.anchors,
        candidates.shapes.everywhere(candidates.texts),
        nth,
        chances,
        strict=True,
    )
    for number, anchor, is_everywhere, above, chance in rows:
        to_end = candidates.end.number - number
        is_last_word = anchor.role in {"exit", "summary"} and 0 <= to_end <= tuning.LAST_SUMMARY
        if is_everywhere:
            value = chance * tuning.SAID_EVERYWHERE
        elif is_last_word or (to_end == 0 and number != candidates.last):
            value = max(chance, tuning.SURE)
        elif anchor.role in {"head", "cause"} and not above:
            value = max(chance, tuning.FIRST_OF_FAMILY)
        else:
            value = chance
        values.append(max(value, tuning.SURE) if kind_of_exit and anchor.kind == kind_of_exit else value)
    return values


def _times_said_above(candidates: Candidates, values: Sequence[float]) -> list[int]:
    """Return how often each line was said well above, digits aside. Nearer, a line may say the same for good reason."""
    times = []
    said: dict[bytes, tuple[int, int]] = {}  # by gist: how often, and the number of the line that was counted last
    for number, gist, value in zip(candidates.numbers, candidates.profiles.gists, values, strict=True):
        count, last = said.get(gist, (0, number))
        if number - last > tuning.WELL_ABOVE:
            count, last = count + 1, number
        if gist and value > tuning.WORTHLESS:
            said[gist] = (count, last)
        times.append(count)
    return times


def _times_copied(texts: Sequence[str], gists: Sequence[bytes]) -> list[int]:
    """Return how often a passage that holds each line was printed above, word for word, however near.

    So do several workers that stop at the same error, and a test that is run again.
    """
    counts = Counter(gists)
    # A line without its like is no part of a copy: its number stands for its words, which take long to read.
    words = [
        own_text(text) if counts[gist] > 1 else index
        for index, (text, gist) in enumerate(zip(texts, gists, strict=True))
    ]
    times = [0] * len(words)
    printed: Counter[tuple[str | int, ...]] = Counter()
    for first in range(len(words) - tuning.PASSAGE + 1):
        span = slice(first, first + tuning.PASSAGE)
        passage = tuple(words[span])
        times[span] = [max(count, printed[passage]) for count in times[span]]
        printed[passage] += any(passage)
    return times


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
        # Lines between it and a shown one close by are shown along with it.
        above = shown.rfind(1, max(0, index - tuning.FILLED_HOLE - 1), index)
        below = shown.find(1, index + 1, index + tuning.FILLED_HOLE + 2)
        joins_above = above >= 0 and numbers[index] - numbers[above] == index - above
        joins_below = below >= 0 and numbers[below] - numbers[index] == below - index
        with_holes = range(above + 1 if joins_above else index, below if joins_below else index + 1)
        for group in (with_holes, range(index, index + 1)):
            price = sum(costs[group.start : group.stop])
            if price <= budget:
                budget -= price
                shown[group.start : group.stop] = b"\1" * len(group)
                yield group, price
                break
