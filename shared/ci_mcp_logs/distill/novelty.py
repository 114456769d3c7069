"""Finds the lines of a failing log that the last good log of the same step lacks.

Lines are compared without digits, because numbers differ in every run; those with hexadecimal words, as hashes and
addresses are, once more without them. Logs are read in chunks, so that a log of short lines takes no more memory than
another.
"""

from __future__ import annotations

import functools
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    return _new_without_hexadecimals(text, new, good)


def _lines_without_digits(data: bytes) -> Iterator[list[bytes]]:
    """Yield the lines of a log, in chunks."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _CHUNK)
        end = end if end >= 0 else len(data) - 1
        yield data[start:end].translate(None, _DIGITS).split(b"\n")
        start = end + 1


def _new_without_hexadecimals(text: LogText, new: list[int], good: LogText) -> list[int]:
    """Return those new lines that are still new without hexadecimal words."""
    if not 0 < len(new) <= _MOST_HEXADECIMAL:
        return new
    rows = ((number, text.lines[number - 1].encode("utf-8", "replace")) for number in new)
    masked = {number: _masked(row) for number, row in rows if _hexadecimal().search(row)}
    if not masked:
        return new
    found = islice(_hexadecimal().finditer(good.data), _MOST_HEXADECIMAL)
    alike = {_masked(match.group()) for match in found}
    return [number for number in new if masked.get(number) not in alike]


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
