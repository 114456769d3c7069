"""Summarises lines of logs: what recurs, and the lines that say what went wrong. Pure but for the frame."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.distill.distiller import Study
from ci_mcp_logs.evidence import count_lines, write_to_fit
from ci_mcp_logs.failure_signature import masked
from ci_mcp_logs.line_budget import Row, Span, Writer, framed, need, new_nonce, width_for
from ci_mcp_logs.log_text import LogText
from drone_mcp_build.iso_time import format_time
from drone_mcp_observe.durations import count
from drone_mcp_observe.sparkline import draw_over_time
from drone_mcp_observe.system.metric_summaries import find_common, name_labels
from drone_mcp_observe.views import LogPattern, LogsView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_observe.system.time_range import TimeRange
    from monitoring_client.log_records import LogRecord

MOST_LINES: Final = 1_000  # that are asked for

_PATTERNS: Final = 6
_PATTERN_WIDTH: Final = 140  # characters
_ROOM: Final = 1_100  # tokens of the excerpt
_LARGEST_YEAR: Final = 253_402_300_799  # seconds, as far as datetime goes


@dataclass(frozen=True, slots=True)
class Pattern:
    """Lines that are equal but for numbers, ids and times.

    Attributes:
        text: the first of them.
        count: how many there are.
        first, last: their times (Unix).
    """

    text: str
    count: int
    first: float
    last: float


def find_patterns(records: Sequence[LogRecord]) -> list[Pattern]:
    """Return the patterns of the records (which are in order of time), the most frequent first."""
    groups: dict[str, list[LogRecord]] = defaultdict(list)
    for record in records:
        groups[masked(record.text)].append(record)
    found = [Pattern(group[0].text, len(group), group[0].at, group[-1].at) for group in groups.values()]
    return sorted(found, key=lambda pattern: (-pattern.count, pattern.first))


def present_logs(records: Sequence[LogRecord], time: TimeRange) -> LogsView:
    """Present lines in order of time."""
    patterns = find_patterns(records)
    common = find_common([record.labels for record in records])
    text = make_text(records)
    rows = write_lines(text, _ROOM)
    shown = count_lines(rows)
    more = len(patterns) - _PATTERNS
    parts = [f"{count(len(text.lines) - shown, 'line')}, by what tells a failure"] if shown < len(text.lines) else []
    parts += [count(more, "rarer pattern")] if more > 0 else []
    parts += [f"all but the newest {MOST_LINES} matches: narrow the query or the time"] * (len(records) >= MOST_LINES)
    return LogsView(
        start=format_time(round(time.start)),
        end=format_time(round(time.end)),
        matches=len(records),
        common=name_labels(common, {}),
        drawn=draw_over_time([(record.at, 1.0) for record in records], time.start, time.end, len),
        patterns=tuple(map(present_pattern, patterns[:_PATTERNS])) if len(patterns) < len(records) else (),
        log=framed(rows, new_nonce()) if rows else "",
        left_out="; ".join(parts),
        note="" if records else "No line matches in this time",
    )


def present_pattern(pattern: Pattern) -> LogPattern:
    """Present a pattern by its first line."""
    return LogPattern(
        count=pattern.count,
        first=format_time(round(pattern.first)),
        last=format_time(round(pattern.last)) if pattern.count > 1 else None,
        line=one_line(pattern.text, _PATTERN_WIDTH),
    )


def make_text(records: Sequence[LogRecord]) -> LogText:
    """Return the lines as one log, each with its time of day."""
    lines = [f"{_clock(record.at)} {line}" for record in records for line in record.text.split("\n")]
    # With their stamps: unlike those of a build, lines of several programs are read by their times.
    return LogText.from_raw(lines).with_stamps()


def write_lines(text: LogText, room: int) -> list[Row]:
    """Write all lines if there is room for them, else those that say what went wrong."""
    if not text.lines:
        return []
    widest = width_for(room, room)
    writer, every = Writer(text, room, widest), Span(0, len(text.lines))
    if need(writer, every) <= room:
        return [writer.line(index) for index in every]
    study = Study(text)
    return write_to_fit(text, study, 1, study.excerpt(1, room), room, widest)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(min(max(at, 0), _LARGEST_YEAR), UTC).strftime("%H:%M:%S")
