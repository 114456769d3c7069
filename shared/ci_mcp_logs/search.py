"""Searches a log for lines that match a pattern. Pure, except for the clock that the caller stops it by.

The engine is RE2: its time grows with the length of the text whatever the pattern is, so that no pattern can hang a
server (https://github.com/google/re2/wiki/WhyRE2). Lines are found in the whole text at once; a match never spans
lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ci_mcp_logs.log_text import LogText

LONGEST_PATTERN = 500
_MEMORY = 8 << 20  # bytes that a compiled pattern may use; RE2 gets slower, not larger, where that is little
_PIECE = 64 << 10  # bytes between two looks at the clock

_CANNOT = (
    "Patterns are RE2: without lookahead, lookbehind and backreferences, and a repetition of 1000 at most. "
    "Set literal to search for the text as it stands"
)


class PatternError(ValueError):
    """A pattern that cannot be used; `advice` says what to do instead."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Hit:
    """A matching line: its index, and the character at which the match begins."""

    index: int
    focus: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found in one log.

    Attributes:
        matches: how many lines match.
        hits: the first of them.
        lines: the lines around the hits, by index.
        first: number of the log's first line.
        last: number of its last line.
        searched: how many lines were looked at; fewer than there are where the time was up.
        stamps: the form of the log's time stamps.
    """

    matches: int
    hits: tuple[Hit, ...]
    lines: dict[int, str] = field(repr=False)
    first: int
    last: int
    searched: int
    stamps: str = ""

    @property
    def whole(self) -> bool:
        """Whether all lines were looked at."""
        return self.searched == self.last - self.first + 1


def compile_pattern(pattern: str, *, literal: bool, ignore_case: bool) -> Any:
    """Return the compiled pattern.

    Raises:
        PatternError: it is empty, too long, or nothing that RE2 can take.
    """
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; on first use, to start fast

    if not pattern or len(pattern) > LONGEST_PATTERN:
        raise PatternError(f"The pattern has {len(pattern)} characters: it takes 1 to {LONGEST_PATTERN}", "Shorten it")
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.never_nl = True
    options.never_capture = True
    options.log_errors = False
    options.max_mem = _MEMORY
    text = re2.escape(pattern) if literal else pattern
    try:
        return re2.compile(f"(?m){text}", options)
    except (re2.error, UnicodeEncodeError) as wrong:
        raise PatternError(f"The pattern cannot be used: {_reason(wrong)}", _CANNOT) from wrong
    finally:
        re2.purge()  # its cache would keep 128 patterns of 8 MiB


def _reason(wrong: Exception) -> str:
    said = wrong.args[0] if wrong.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def scan(compiled: Any, text: LogText, *, context: int, keep: int, go_on: Callable[[], bool]) -> Found:
    """Find the lines that match; the first `keep` with `context` lines on either side.

    Args:
        compiled: from `compile_pattern`.
        text: the log.
        context: lines to keep on either side of a hit.
        keep: hits to keep; all are counted.
        go_on: called before every further piece of the text; the search stops when it returns False.
    """
    body = "".join(f"{line}\n" for line in text.lines).encode("utf-8", "replace")
    hits: list[Hit] = []
    matches, line, counted = 0, 0, 0
    for start, stop in _pieces(body):
        if counted and not go_on():
            break
        for at in _starts(compiled, body, start, stop):
            line += body.count(b"\n", counted, at)
            counted = at
            matches += 1
            if len(hits) < keep:
                begin = body.rfind(b"\n", 0, at) + 1
                hits.append(Hit(line, len(body[begin:at].decode("utf-8", "ignore"))))
        line += body.count(b"\n", counted, stop)
        counted = stop
    searched = len(text.lines) if counted >= len(body) else line
    around = lines_near((hit.index for hit in hits), context, len(text.lines))
    lines = {index: text.lines[index] for index in around}
    return Found(matches, tuple(hits), lines, text.first, text.last, searched, text.stamps)


def _pieces(body: bytes) -> Iterator[tuple[int, int]]:
    """Cut a text into pieces of whole lines."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", start + _PIECE)
        stop = len(body) if end < 0 else end + 1
        yield start, stop
        start = stop


def _starts(compiled: Any, body: bytes, start: int, stop: int) -> Iterator[int]:
    """Return where the first match of each matching line begins."""
    while start < stop:
        match = compiled.search(body, start, stop)
        if match is None or match.start() == stop:  # behind the last line's end there is no line
            return
        yield match.start()
        start = body.find(b"\n", match.start()) + 1


def lines_near(indexes: Iterable[int], context: int, total: int) -> list[int]:
    """Return the indexes of all lines within `context` of one of `indexes`, once each and in order."""
    near = (range(max(0, index - context), min(total, index + context + 1)) for index in indexes)
    return sorted({line for lines in near for line in lines})
