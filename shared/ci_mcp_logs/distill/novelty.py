"""Finds the lines of a failing log that the last good log of the same step lacks, and shows these first.

Lines are compared without digits, because numbers differ in every run; those with hexadecimal words, as hashes and
addresses are, once more without them. Logs are read in chunks, so that a log of short lines takes no more memory than
another.
"""

from __future__ import annotations

import functools
import re
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from ci_mcp_logs.distill import tuning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ci_mcp_logs.log_text import LogText

_CHUNK = 1 << 15  # bytes
_DIGITS = b"0123456789"
_VARIABLE = re.compile(rb"0x[0-9a-fA-F]+|\b(?=[a-f]*[0-9][0-9a-f]{6})[0-9a-f]++\b|[0-9]+")  # without backtracking
_HEXADECIMAL = rb"[^\n]*(?:0x[0-9a-fA-F]|\b[0-9a-f]*[0-9][0-9a-f]{6,}\b)[^\n]*"
# Limits of memory, not of quality: so many different lines of the good log are remembered, and one more for each so
# many bytes of it. Likewise of lines that may be new: where there are more, the two logs have little in common.
_SPARE = 2000
_BYTES_REMEMBERED = 32
_BYTES_NEW = 128
_MOST_HEXADECIMAL = 4_000  # lines of each log that are compared a second time
_READ = 400  # bytes of a line that are then compared
# Part of the budget that lines of the good log may take while new ones are left out. `benchmarks/logs/good_logs.py`
# measures it, on 302 logs beside another one of their repository: .3 gives recall .943 and 1,118 tokens instead of .956
# and 1,106.
_KNOWN = 0.1


def novel_lines(text: LogText, good: LogText) -> list[int] | None:
    """Return the numbers of the lines of `text` that `good` lacks, ascending.

    None where there are too many such lines to tell anything, or more different ones in `good` than fit into memory.
    """
    known: set[int] = set()  # hashes, which take less memory than lines
    for lines in _lines_without_digits(good.data):
        known.update(map(hash, set(lines)))
        if len(known) > _SPARE + len(good.data) // _BYTES_REMEMBERED:
            return None
    new: list[int] = []
    number = 1
    for lines in _lines_without_digits(text.data):
        unknown = {line for line in set(lines) if hash(line) not in known}
        if unknown:
            new += [place for place, line in enumerate(lines, number) if line in unknown]
        if len(new) > _SPARE + len(text.data) // _BYTES_NEW:
            return None
        number += len(lines)
    if not 0 < len(new) <= _MOST_HEXADECIMAL:
        return new
    rows = ((number, text.lines[number - 1].encode("utf-8", "replace")) for number in new)
    masked = {number: _masked(row) for number, row in rows if _hexadecimal().search(row)}
    if not masked:
        return new
    found = islice(_hexadecimal().finditer(good.data), _MOST_HEXADECIMAL)
    alike = {_masked(match.group()) for match in found}
    return [number for number in new if masked.get(number) not in alike]


def _lines_without_digits(data: bytes) -> Iterator[list[bytes]]:
    """Yield the lines of a log, in chunks."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _CHUNK)
        end = end if end >= 0 else len(data) - 1
        yield data[start:end].translate(None, _DIGITS).split(b"\n")
        start = end + 1


def _masked(line: bytes) -> bytes:
    """Return the line with `#` for all that differs between runs."""
    return _VARIABLE.sub(b"#", line[:_READ]).strip()


@functools.cache
def _hexadecimal() -> Any:
    """Compile the pattern of a line that holds a hexadecimal word."""
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; on first use, to start fast

    options = re2.Options()
    options.never_capture = True
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(_HEXADECIMAL, options)


def new_lines_first(
    chosen: Sequence[int],
    numbers: Sequence[int],
    news: Collection[int],
    chances: Sequence[float],
    costs: Sequence[float],
    budget: float,
) -> list[int]:
    """Return which lines to show beside a good log, by index: new ones rather than those that both logs have.

    While new lines are left out, only the likeliest few of the others are shown. Their room goes to new lines, first to
    those that continue a row of which a part is shown, for which all of the budget may be used, then to the last ones.
    These may use all of it, too, where the chosen lines took more than a short answer, as the evidence is unsure then.

    Args:
        chosen: the indexes of the lines that were chosen line by line, ascending.
        numbers: of all candidates.
        news: numbers of the lines that the good log lacks.
        chances: of each candidate to belong to the evidence.
        costs: of each candidate.
        budget: for all that is shown.
    """
    shown, new = set(chosen), [index for index, number in enumerate(numbers) if number in news]
    if shown.issuperset(new):
        return list(chosen)
    known = sorted(shown.difference(new), key=chances.__getitem__)
    before = spent = sum(costs[index] for index in chosen)
    for_known = sum(costs[index] for index in known)
    for index in known:
        if for_known <= _KNOWN * budget:
            break
        shown.remove(index)
        for_known -= costs[index]
        spent -= costs[index]
    continuing = ((index, budget) for index in _continuing(shown, new, numbers))
    room = budget if before > tuning.SHORT_ANSWER else before
    for index, limit in chain(continuing, ((index, room) for index in reversed(new))):
        if index not in shown and spent + costs[index] <= limit:
            shown.add(index)
            spent += costs[index]
    return sorted(shown)


def _continuing(shown: Collection[int], new: Sequence[int], numbers: Sequence[int]) -> list[int]:
    """Return the new lines that are in a row with a shown one, the nearest first, of equally near ones the last."""
    distances: dict[int, int] = {}
    for step, lines in ((1, new), (-1, new[::-1])):
        away, before = 0, None
        for index in lines:
            if index in shown:
                away = 1
            elif away and before is not None and numbers[index] == numbers[before] + step:
                distances[index] = min(away, distances.get(index, away))
                away += 1
            else:
                away = 0
            before = index
    return sorted(distances, key=lambda index: (distances[index], -index))
