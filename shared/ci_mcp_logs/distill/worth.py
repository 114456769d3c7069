"""Weighs the candidates: what it is worth to show each line, by its chance, its place, and what other lines say."""

from __future__ import annotations

from collections import Counter
from math import inf, prod
from typing import TYPE_CHECKING

from ci_mcp_logs.distill import tuning
from ci_mcp_logs.distill.context_features import ordinals
from ci_mcp_logs.distill.line_text import own_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.distill.candidates import Candidates
    from ci_mcp_logs.distill.line_profiles import LineProfiles

# The class of failure that an exit code speaks for. GNU timeout ends with 124. A shell ends with 128 plus the number of
# the signal that killed a command (Bash manual, 3.7.5): 137 is SIGKILL, sent by a kernel out of memory, 143 SIGTERM.
_KIND_OF_EXIT = {124: "timeout", 137: "out_of_memory", 143: "cancelled"}


def weigh(candidates: Candidates, chances: Sequence[float], exit_code: int) -> list[float]:
    """Return the worth of each line: its chance, raised for first and last words, lowered for what is said before."""
    nth = ordinals(candidates.profiles.families)
    values = _values(candidates, chances, nth, exit_code)
    factors = zip(
        values,
        _place_factors(candidates),
        _repetition_factors(candidates, values),
        _family_factors(candidates.profiles, nth),
        strict=True,
    )
    worth = list(map(prod, factors))
    _raise_commands(candidates.profiles, worth)
    return worth


def _values(candidates: Candidates, chances: Sequence[float], nth: Sequence[int], exit_code: int) -> list[float]:
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
        if is_everywhere:
            value = chance * tuning.SAID_EVERYWHERE
        else:
            value = max(chance, _least_value(candidates, number, anchor.role, above))
        values.append(max(value, tuning.SURE) if kind_of_exit and anchor.kind == kind_of_exit else value)
    return values


def _least_value(candidates: Candidates, number: int, role: str, above: int) -> float:
    """Return the least value of a line, for its role and its place; `above` lines of its family stand above it."""
    to_end = candidates.end.number - number
    is_last_word = role in {"exit", "summary"} and 0 <= to_end <= tuning.LAST_SUMMARY
    if is_last_word or (to_end == 0 and number != candidates.last):
        return tuning.SURE
    return tuning.FIRST_OF_FAMILY if role in {"head", "cause"} and not above else 0.0


def _place_factors(candidates: Candidates) -> list[float]:
    """Return the factor of each line for its place: little for one behind which a workflow only cleans up."""
    end = candidates.end
    last = end.number + end.known if end.final else inf  # a known end has a line that says why
    return [tuning.BEHIND_END if number > last else 1.0 for number in candidates.numbers]


def _repetition_factors(candidates: Candidates, values: Sequence[float]) -> list[float]:
    """Return the factor of each line for how often it was said before."""
    times = map(max, _times_said_above(candidates, values), _times_copied(candidates.texts, candidates.profiles.gists))
    return [tuning.SAID_BEFORE ** min(count, tuning.COUNTED_REPETITIONS) for count in times]


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


def _family_factors(profiles: LineProfiles, nth: Sequence[int]) -> list[float]:
    """Return the factor of each line with an anchor for the lines above with the same one."""
    return [
        tuning.SAME_FAMILY ** min(above, tuning.COUNTED_OF_FAMILY) if anchor.role else 1.0
        for anchor, above in zip(profiles.anchors, nth, strict=True)
    ]


def _raise_commands(profiles: LineProfiles, worth: list[float]) -> None:
    """Raise the worth of each line that began a command to a share of the best worth in the output below it."""
    best = 0.0
    for index in reversed(range(len(worth))):
        if profiles.anchors[index].role == "command":
            worth[index] = max(worth[index], tuning.COMMAND_SHARE * best)
            best = 0.0
        else:
            best = max(best, worth[index])
