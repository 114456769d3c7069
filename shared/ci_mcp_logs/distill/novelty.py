"""Finds the lines of a failing log that the last good log of the same step lacks.

Lines are compared without numbers, because those differ in every run; those with hexadecimal words, as hashes and
addresses are, once more without them. Logs are read in chunks, so that a log of short lines takes no more memory than
another.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from itertools import accumulate, count, islice
from typing import Any

from .scan import line_end

_CHUNK = 1 << 15
_DIGITS = b"0123456789"
_VARIABLE = re.compile(
    rb"\x1b\[[0-9;?]*[ -/]*[@-~]|0x[0-9a-fA-F]+|\b(?=[a-f]*[0-9][0-9a-f]{6})[0-9a-f]++\b|[0-9]+"  # without backtracking
)
_HEXADECIMAL = rb"[^\n]*(?:0x[0-9a-fA-F]|\b[0-9a-f]*[0-9][0-9a-f]{6,}\b)[^\n]*"
_SPARE = 2000  # lines; so many different ones of the good log are remembered,
_REMEMBERED = 32  # and one more for each so many bytes of it
_NEW = 128  # likewise of lines that may be new: where there are more, the two logs have little in common
_MOST_HEXADECIMAL = 4_000  # lines of each log that are compared a second time
_READ = 400  # bytes of a line that are then looked at


def novel_lines(data: bytes, good: bytes) -> list[tuple[int, int]] | None:
    """Number and byte offset of each line of `data` that `good` lacks, ascending.

    None where there are too many such lines to tell anything, or more different ones in `good` than fit into memory.
    """
    known: set[int] = set()  # hashes, which take less memory than lines, and differ from process to process
    for chunk in _chunks(good):
        known.update(map(hash, set(_without_numbers(chunk))))
        if len(known) > _SPARE + len(good) // _REMEMBERED:
            return None
    new: list[tuple[int, int]] = []
    number, offset = 1, 0
    for chunk in _chunks(data):
        lines = _without_numbers(chunk)
        unknown = {line for line in set(lines) if hash(line) not in known}
        if unknown:
            new += _places(chunk, lines, unknown, number, offset)
        if len(new) > _SPARE + len(data) // _NEW:
            return None
        number, offset = number + len(lines), offset + len(chunk) + 1
    return _unlike(data, new, good)


def _chunks(data: bytes) -> Iterator[bytes]:
    """The log in stretches of whole lines, without the line feed that ends each."""
    start = 0
    while start <= len(data):
        end = data.find(b"\n", start + _CHUNK)
        end = end if end >= 0 else len(data)
        yield data[start:end]
        start = end + 1


def _without_numbers(chunk: bytes) -> list[bytes]:
    """Its lines without digits."""
    return chunk.translate(None, _DIGITS).split(b"\n")


def _places(
    chunk: bytes, lines: Iterable[bytes], wanted: set[bytes], number: int, offset: int
) -> Iterator[tuple[int, int]]:
    """Number and offset of each wanted line of a chunk; its first has this number and offset."""
    offsets = accumulate((len(row) + 1 for row in chunk.split(b"\n")), initial=offset)
    rows = zip(count(number), offsets, lines, strict=False)
    return ((place, start) for place, start, line in rows if line in wanted)


def _unlike(data: bytes, new: list[tuple[int, int]], good: bytes) -> list[tuple[int, int]]:
    """Those new lines that are still new without hexadecimal words."""
    if not 0 < len(new) <= _MOST_HEXADECIMAL:
        return new
    rows = {start: data[start : line_end(data, start)] for _, start in new}
    masked = {start: _masked(row) for start, row in rows.items() if _hexadecimal().search(row)}
    if not masked:
        return new
    found = islice(_hexadecimal().finditer(good), _MOST_HEXADECIMAL)
    alike = {_masked(match.group()) for match in found}
    return [(number, start) for number, start in new if masked.get(start) not in alike]


def _masked(line: bytes) -> bytes:
    """The line without what differs between runs."""
    return _VARIABLE.sub(b"#", line[:_READ]).strip()


@functools.cache
def _hexadecimal() -> Any:
    """Matches a line that holds a hexadecimal word."""
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; on first use, to start fast

    options = re2.Options()
    options.never_capture = True
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(_HEXADECIMAL, options)
