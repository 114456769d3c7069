"""Finds the few hundred lines worth a closer look in megabytes of log: by their words, and by how rare their like is.

One linear pass finds the lines that hold a telling word, one that speaks of failure. It goes back from the end in
chunks, so that a log that complains in every line costs no more than a quiet one: once the quota is reached, the rest
is searched for strong words only.

What passing output says stands all over a log, and the cause of a failure stands out. So rare shapes of lines find
causes without any telling word, as in languages that the tables do not know, and tell them from complaints that a build
always makes.
"""

from __future__ import annotations

import functools
from collections import Counter
from itertools import accumulate, islice, pairwise
from typing import TYPE_CHECKING, Any

from ci_mcp_logs.distill import tuning
from ci_mcp_logs.distill.line_words import Line, trimmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ci_mcp_logs.log_text import LogText

_CHUNK = 1 << 16  # bytes
_WARNING = b"warning"
_READ = 64  # characters of a line that make its shape
_SHAPE = 20  # bytes of these, the first ones without digits, blanks and punctuation
_VARIABLE = b"0123456789 \t-:._/TZ"  # with what stands between the digits of a time stamp
_PART = 50  # lines

_STRONG = (
    r"error|fail|exception|fatal|panic|traceback|assert|core dumped|killed|abort|segmentation|not ok|timed out"
    r"|not found|no such|cannot|did not|didn't|crash|conflict|rejected|denied|forbidden|unauthorized|unreachable"
    r"|not permitted|not allowed|certificate|could not|mismatch"
    r"|fehler|erreur|ошибк|помилк|エラー|错误|錯誤|오류|błąd|krytyczn"
    r"|✗|✖|✕|●|✘|\x{2a2f}|❌|issues :-"
)
_WEAK = (
    r"expected|can't|couldn't|unable|undefined|unexpected|invalid|missing|refused|timeout"
    r"|exit code|exited with|exit status|returned|\x{d7}|unresolved|unknown|not installed|broken|unsatisf"
    r"|issues|forgot|problem|wrong|incorrect|illegal|incompatible|unsupported|not supported|insufficient|exceed|expired"
    r"|corrupt|unhealthy|violat|vulnerab|critical|leak|deadlock|outdated|out of date|to fix|would re|not formatted"
    r"|diff --|caused by|does not|doesn't|no output|warning|must |should "
)


@functools.cache
def _pattern(words: str) -> Any:
    """Compile a pattern that matches from a telling word to the end of its line, so that a line is found once."""
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; on first use, to start fast

    options = re2.Options()
    options.never_capture = True
    options.case_sensitive = False
    return re2.compile(rf"(?:{words})[^\n]*".encode(), options)


def _without_repetitions(data: bytes, places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the first places, and of those with the same wording only a few."""
    kept: list[tuple[int, int]] = []
    seen: Counter[bytes] = Counter()
    for place in places:
        wording = data[place[0] : place[0] + tuning.WORDING]
        seen[wording] += 1
        if seen[wording] <= tuning.ALIKE:
            kept.append(place)
            if len(kept) == tuning.STRONG_QUOTA:
                break
    return kept


def _line_start(data: bytes, offset: int) -> int:
    """Return the offset at which the line that holds this offset begins."""
    return data.rfind(b"\n", 0, offset) + 1


def _count_line_feeds(data: bytes, start: int, end: int) -> int:
    """Count the line feeds between two offsets. Deleting them takes a fifth of the time of `bytes.count`."""
    found = 0
    while start < end:
        stretch = data[start : min(start + _CHUNK, end)]
        found += len(stretch) - len(stretch.replace(b"\n", b""))
        start += len(stretch)
    return found


def telling_lines(text: LogText) -> list[Line]:
    """Return the lines that hold a telling word, ascending."""
    data = text.data
    found: list[tuple[int, int]] = []  # where: the offsets of the first telling word in a line, and of the line's end
    end = len(data) - 1
    warnings = tuning.WARNINGS
    read = 0
    while end > 0 and len(found) < tuning.WEAK_QUOTA and read < tuning.WEAK_READ:
        start = _line_start(data, max(0, end - _CHUNK))
        chunk = [match.span() for match in _pattern(f"{_STRONG}|{_WEAK}").finditer(data, start, end)]
        read += len(chunk)
        warned = [place for place in chunk if data[place[0] : place[0] + len(_WARNING)].lower() == _WARNING]
        dropped = set(warned[: max(0, len(warned) - warnings)])  # there are many, and they are hardly ever the cause
        kept = [place for place in chunk if place not in dropped]
        warnings -= len(warned) - len(dropped)
        found = kept[-tuning.WEAK_QUOTA :] + found
        end = start if len(kept) <= tuning.WEAK_QUOTA else _line_start(data, found[0][0])
    early = (match.span() for match in _pattern(_STRONG).finditer(data, 0, max(0, end)))
    found = _without_repetitions(data, islice(early, tuning.STRONG_READ)) + found
    starts = [_line_start(data, line_end) for _, line_end in found]
    counts = (_count_line_feeds(data, above, start) for above, start in pairwise([0, *starts]))
    indexes = list(accumulate(counts))
    return list(map(Line, [index + 1 for index in indexes], trimmed(text.lines[index] for index in indexes)))


def last_line(text: LogText) -> Line:
    """Return the last line that is not empty."""
    data = text.data
    tail = data[-_CHUNK:]
    end = len(data.rstrip()) if tail.isspace() else len(data) - len(tail) + len(tail.rstrip())
    number = len(text.lines) + 1 - _count_line_feeds(data, end, len(data))
    return Line(number, trimmed([text.lines[number - 1]])[0])


class Shapes:
    """The shapes of the last lines up to the failing command's end: what lines of the same sort begin with."""

    def __init__(self, lines: Sequence[str], end: int) -> None:
        self._first = max(1, end - tuning.SHAPES_READ + 1)
        self._shapes = list(map(_shape, lines[self._first - 1 : end]))
        parts = {(shape, index // _PART) for index, shape in enumerate(self._shapes)}
        self._spread = Counter(shape for shape, _ in parts)
        starts = {
            (shape, index // _PART)
            for index, (above, shape) in enumerate(pairwise([b"", *self._shapes]))
            if shape != above
        }
        self._scattered = Counter(shape for shape, _ in starts)

    def spread(self, texts: Iterable[str]) -> list[int]:
        """Return in how many parts of the log there is a line with the shape of each text."""
        return [self._spread[_shape(text)] for text in texts]

    def everywhere(self, texts: Iterable[str]) -> list[bool]:
        """Return whether lines with the shape of each text begin in many parts of the log: a list begins only once."""
        return [self._scattered[_shape(text)] >= tuning.EVERYWHERE for text in texts]

    def rare(self) -> list[int]:
        """Return the numbers of the last lines whose shape no other one has."""
        counts = Counter(self._shapes)
        rare = [number for number, shape in enumerate(self._shapes, self._first) if shape and counts[shape] == 1]
        return rare[-tuning.RARE :]


def _shape(text: str) -> bytes:
    return text[:_READ].encode("utf-8", "replace").translate(None, _VARIABLE)[:_SHAPE]
