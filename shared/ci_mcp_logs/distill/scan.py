"""Finds the few hundred lines worth a closer look in megabytes of log.

One linear pass finds lines that hold a word of failure. It walks back from the end in chunks, so that a log that
complains in every line costs no more than a quiet one: once the quota is reached, the rest is searched for strong words
only.
"""

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, islice, pairwise
from typing import Any, NamedTuple

from .text import Line, shown, shown_lines


class Span(NamedTuple):
    """Offsets of a first line and of the line behind the last, and how many lines before the wanted one stand."""

    start: int
    end: int
    back: int


TOP = Line(1, 0, "")  # where every log begins
_CHUNK = 1 << 16
_WEAK_QUOTA = 170  # hits taken from the end of the log backwards
_STRONG_QUOTA = 150  # further hits taken from its beginning onwards
_STRONG_READ = 600  # of so many that are there
_WORDING = 16  # bytes; hits that go on alike for so long say the same
_ALIKE = 4  # of which so many are kept
_WARNING, _WARNINGS = b"warning", 12  # of which the last so many are kept: they are many and hardly ever the cause

_STRONG = (
    r"error|fail|exception|fatal|panic|traceback|assert|core dumped|killed|abort|segmentation|not ok|timed out"
    r"|not found|no such|cannot|✗|✖|✕|●|✘|issues :-"
)
_WEAK = (
    r"expected|can't|could not|couldn't|unable|undefined|unexpected|invalid|missing|denied|refused|timeout|mismatch"
    r"|conflict|exit code|exited with|exit status|returned|\x{d7}|unresolved|unknown|not installed|broken|unsatisf"
    r"|issues|forgot"
    r"|caused by|does not|doesn't|no output|warning|must |should "
)


@functools.cache
def _pattern(words: str) -> Any:
    """Matches from a telling word to the end of its line, so that a line is found once."""
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; on first use, to start fast

    options = re2.Options()
    options.never_capture = True
    options.case_sensitive = False
    return re2.compile(rf"(?:{words})[^\n]*".encode(), options)


def hits(data: bytes) -> list[tuple[int, int]]:
    """Where lines hold a telling word, ascending: from the first one in a line to that line's end, in bytes."""
    found: list[tuple[int, int]] = []
    end = len(data)
    while end > 0 and len(found) < _WEAK_QUOTA:
        start = _line_start(data, max(0, end - _CHUNK))
        chunk = [match.span() for match in _pattern(f"{_STRONG}|{_WEAK}").finditer(data, start, end)]
        found = chunk[-_WEAK_QUOTA:] + found
        end = start if len(chunk) <= _WEAK_QUOTA else _line_start(data, found[0][0])
    early = (match.span() for match in islice(_pattern(_STRONG).finditer(data, 0, end), _STRONG_READ))
    return _thinned(data, early) + _with_few_warnings(data, found)


def _with_few_warnings(data: bytes, places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The places without those of warnings, but for the last ones."""
    begins = len(_WARNING)
    warnings = [place for place in places if data[place[0] : place[0] + begins].lower() == _WARNING]
    spare = set(warnings[:-_WARNINGS])
    return [place for place in places if place not in spare] if spare else list(places)


def _thinned(data: bytes, places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The first places, but only few of those where the text goes on alike."""
    kept: list[tuple[int, int]] = []
    seen: Counter[bytes] = Counter()
    for place in places:
        wording = data[place[0] : place[0] + _WORDING]
        seen[wording] += 1
        if seen[wording] <= _ALIKE:
            kept.append(place)
            if len(kept) == _STRONG_QUOTA:
                break
    return kept


def _line_start(data: bytes, offset: int) -> int:
    """Where the line that holds this offset begins."""
    return data.rfind(b"\n", 0, offset) + 1


def line_end(data: bytes, offset: int) -> int:
    """Where the line that holds this offset ends."""
    end = data.find(b"\n", offset)
    return end if end >= 0 else len(data)


def line_feeds(data: bytes, start: int, end: int) -> int:
    """How many stand between two offsets. Deleting them takes a fifth of the time of counting them."""
    found = 0
    while start < end:
        stretch = data[start : min(start + _CHUNK, end)]
        found += len(stretch) - len(stretch.replace(b"\n", b""))
        start += len(stretch)
    return found


def lines_at(data: bytes, places: Sequence[tuple[int, int]]) -> list[Line]:
    """The lines in which these ascending places end, numbered."""
    starts = [_line_start(data, end) for _, end in places]
    numbers = list(accumulate((line_feeds(data, a, b) for a, b in pairwise([0, *starts])), initial=1))[1:]
    rows = [data[start:end] for start, (_, end) in zip(starts, places, strict=True)]
    return list(map(Line, numbers, starts, shown_lines(b"\n".join(rows))))


def span(data: bytes, start: int, before: int, after: int) -> Span:
    """From `before` lines above the line that starts there to `after` lines below it."""
    first, back = start, 0
    while back < before and first > 0:
        first = _line_start(data, first - 1)
        back += 1
    return Span(first, skip(data, start, after + 1), back)


def skip(data: bytes, start: int, lines: int) -> int:
    """The offset so many lines further, at most one past the end of the log."""
    for _ in range(lines):
        end = data.find(b"\n", start)
        if end < 0:
            return len(data) + 1
        start = end + 1
    return start


def read(data: bytes, start: int, end: int) -> list[str]:
    """The lines between two lines' offsets."""
    return shown_lines(data[start : end - 1])


def last(data: bytes, before: Line) -> Line:
    """The last line that is not empty; `before` is any line that is not behind it."""
    tail = data[-_CHUNK:]
    end = len(data.rstrip()) if tail.isspace() else len(data) - len(tail) + len(tail.rstrip())
    start = _line_start(data, end)
    number = before.number + line_feeds(data, before.offset, start)
    return Line(number, start, shown(data[start : line_end(data, end)]))
