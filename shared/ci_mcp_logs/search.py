"""Searches a log for lines that match a pattern. Pure, except for the clock by which the caller stops it.

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
_MEMORY = 8 << 20  # bytes that a compiled pattern may use; with too few, RE2 gets slower and not larger
_PIECE = 64 << 10  # bytes between two looks at the clock

_RE2_ADVICE = (
    "Patterns are RE2: without lookahead, lookbehind and backreferences, and a repetition of 1000 at most. "
    "Set literal to search for the text as it stands"
)


class PatternError(ValueError):
    """A pattern that cannot be used; `advice` says what to do instead."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Match:
    """A matching line: its index, and the character at which the match begins."""

    index: int
    focus: int = 0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The matches of a search in one log.

    Attributes:
        count: how many lines match.
        matches: the first of them.
        lines: the lines around these matches, by index.
        first: number of the log's first line.
        last: number of its last line.
        searched: how many lines were searched; fewer than there are where the time was up.
        stamps: the form of the log's time stamps.
    """

    count: int
    matches: tuple[Match, ...]
    lines: dict[int, str] = field(repr=False)
    first: int
    last: int
    searched: int
    stamps: str = ""

    @property
    def whole(self) -> bool:
        """Whether all lines were searched."""
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
    try:
        text = re2.escape(pattern) if literal else pattern
        return re2.compile(f"(?m){text}", options)
    except UnicodeEncodeError as error:  # a command line may hold bytes that are not UTF-8
        raise PatternError("The pattern has half a surrogate pair, which is no character", "Leave it out") from error
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace")
        raise PatternError(f"The pattern cannot be used: {reason}", _RE2_ADVICE) from error
    finally:
        re2.purge()  # its cache would keep 128 patterns of 8 MiB


def search(compiled: Any, text: LogText, *, context: int, keep: int, go_on: Callable[[], bool]) -> SearchResult:
    """Find the lines that match; the first `keep` with `context` lines on either side.

    Args:
        compiled: from `compile_pattern`.
        text: the log.
        context: lines to keep on either side of a match.
        keep: matches to keep; all are counted.
        go_on: called before every further piece of the text; the search stops when it returns False.
    """
    data = text.data
    matches: list[Match] = []
    count, line, counted = 0, 0, 0
    for start, stop in _pieces(data):
        if counted and not go_on():
            break
        for at in _match_starts(compiled, data, start, stop):
            line += data.count(b"\n", counted, at)
            counted = at
            count += 1
            if len(matches) < keep:
                begin = data.rfind(b"\n", 0, at) + 1
                matches.append(Match(line, len(data[begin:at].decode("utf-8", "ignore"))))
        line += data.count(b"\n", counted, stop)
        counted = stop
    searched = len(text.lines) if counted >= len(data) else line
    around = lines_near((match.index for match in matches), context, len(text.lines))
    lines = {index: text.lines[index] for index in around}
    return SearchResult(count, tuple(matches), lines, text.first, text.last, searched, text.stamps)


def _pieces(data: bytes) -> Iterator[tuple[int, int]]:
    """Cut a text into pieces of whole lines."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _PIECE)
        stop = len(data) if end < 0 else end + 1
        yield start, stop
        start = stop


def _match_starts(compiled: Any, data: bytes, start: int, stop: int) -> Iterator[int]:
    """Yield the offset at which the first match of each matching line begins."""
    while start < stop:
        match = compiled.search(data, start, stop)
        if match is None or match.start() == stop:  # there is no line behind the last line feed
            return
        yield match.start()
        start = data.find(b"\n", match.start()) + 1


def lines_near(indexes: Iterable[int], context: int, total: int) -> list[int]:
    """Return the indexes of all lines within `context` of one of `indexes`, once each and in order."""
    near = (range(max(0, index - context), min(total, index + context + 1)) for index in indexes)
    return sorted({line for lines in near for line in lines})
