"""From megabytes of log to the few hundred lines worth a closer look.

One linear pass finds lines that hold a telling word. It walks back from the end in chunks, so that a log that complains
in every line costs no more than a quiet one: once the quota is reached, the earlier part is searched for strong words only.
"""

import functools
from itertools import islice
from typing import Any

import re2

from .text import Line, shown

_CHUNK = 1 << 16
_WEAK_QUOTA = 400  # hits taken from the end of the log backwards
_STRONG_QUOTA = 120  # further hits taken from its beginning onwards

_STRONG = (
    r"error|fail|exception|fatal|panic|traceback|assert|core dumped|killed|abort|segmentation|not ok|timed out|not found"
    r"|no such|cannot|✗|✖|✕|●|✘|issues :-"
)
_WEAK = (
    r"expected|can't|could not|couldn't|unable|undefined|unexpected|invalid|missing|denied|refused|timeout|mismatch"
    r"|conflict|exit code|exited with|exit status|returned|×|!!|unresolved|unknown|not installed|broken|unsatisf"
    r"|caused by|does not|doesn't|no output|warning|must |should "
)


@functools.cache
def _pattern(words: str) -> Any:
    """Matches from a telling word to the end of its line, so that a line is found once."""
    options = re2.Options()
    options.never_capture = True
    options.case_sensitive = False
    return re2.compile(rf"(?:{words})[^\n]*".encode(), options)


def hits(data: bytes) -> list[int]:
    """Ascending byte offsets, each inside another line that holds a telling word."""
    found: list[int] = []
    end = len(data)
    while end > 0 and len(found) < _WEAK_QUOTA:
        start = _line_start(data, max(0, end - _CHUNK))
        chunk = [match.start() for match in _pattern(f"{_STRONG}|{_WEAK}").finditer(data, start, end)]
        found = chunk[-_WEAK_QUOTA:] + found
        end = start
    early = islice(_pattern(_STRONG).finditer(data, 0, end), _STRONG_QUOTA)
    return [match.start() for match in early] + found


def _line_start(data: bytes, offset: int) -> int:
    """Where the line that holds this offset begins."""
    return data.rfind(b"\n", 0, offset) + 1


def lines_at(data: bytes, offsets: list[int]) -> list[Line]:
    """The lines that hold these ascending offsets, numbered."""
    found = []
    number, counted = 1, 0
    for offset in offsets:
        start = _line_start(data, offset)
        number += data.count(b"\n", counted, start)
        counted = start
        end = data.find(b"\n", offset)
        found.append(Line(number, start, shown(data[start : end if end >= 0 else len(data)])))
    return found


def around(data: bytes, line: Line, before: int, after: int) -> list[Line]:
    """The line with its neighbours."""
    start = line.offset
    back = 0
    while back < before and start > 0:
        start = _line_start(data, start - 1)
        back += 1
    return following(data, start, line.number - back, back + 1 + after)


def following(data: bytes, offset: int, number: int, count: int) -> list[Line]:
    """So many lines from a line's offset on."""
    found = []
    while len(found) < count and offset <= len(data):
        end = data.find(b"\n", offset)
        end = end if end >= 0 else len(data)
        found.append(Line(number + len(found), offset, shown(data[offset:end])))
        offset = end + 1
    return found


def last(data: bytes, count: int) -> list[Line]:
    """The last lines of the log."""
    start, back = _line_start(data, len(data)), 1
    while back < count and start > 0:
        start = _line_start(data, start - 1)
        back += 1
    return following(data, start, data.count(b"\n", 0, start) + 1, back)
