"""Reads the parts of a log around hits, each line once, and further where a part ends amid lines that score well."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from ci_mcp_logs.distill import tuning
from ci_mcp_logs.distill.line_text import begins_command, trimmed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.distill.line_profiles import LineProfiles, LineReader

_DETAILS = frozenset({"cause", "frame"})
_INSIDE = frozenset("+-|")  # first characters of the lines of a difference or a table


@dataclass(slots=True)
class Passage:
    """Numbers and texts of the lines that are read, ascending, with leaps; `lines` are all of the log."""

    lines: Sequence[str]
    numbers: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def add(self, span: range, texts: Sequence[str]) -> None:
        """Add the lines with the numbers in `span`."""
        self.numbers += span
        self.texts += texts

    def read_on(self, limit: int, reader: LineReader) -> None:
        """Read further where the last lines are telling, or stand inside a difference or a table.

        Args:
            limit: number of the line before which reading stops.
            reader: scores the last lines.
        """
        last = slice(-tuning.LAST_LINES, None)
        if self._following < limit and sum(reader.profile(self.texts[last]).scores) > 0:
            self._read(min(self._following + tuning.STRIDE, limit))
        for _ in range(tuning.STRIDES):
            if self._following >= limit or not self._goes_on(reader.profile(self.texts[last]), last):
                break
            self._read(min(self._following + tuning.STRIDE, limit))

    def _goes_on(self, profiles: LineProfiles, last: slice) -> bool:
        """Return whether the last lines are amid a difference, a table, or a list of findings or frames."""
        inside = all(text.lstrip()[:1] in _INSIDE for text in self.texts[last])
        return inside or sum(anchor.role in _DETAILS for anchor in profiles.anchors) >= tuning.LISTED

    def bridge(self, limit: int) -> None:
        """Read the lines before `limit`, where the following window begins, if they are few and short."""
        gap = self.lines[self._following - 1 : min(limit, self._following + tuning.HOLE + 1) - 1]
        if not gap or limit > len(self.lines) or len(gap) > tuning.HOLE:
            return
        if sum(len(line.encode("utf-8", "replace")) + 1 for line in gap) <= tuning.HOLE * tuning.WIDE:
            self._read(limit)

    @property
    def _following(self) -> int:
        """Number of the line behind the last."""
        return self.numbers[-1] + 1

    def _read(self, stop: int) -> None:
        span = range(self._following, min(stop, len(self.lines) + 1))
        self.add(span, trimmed(self.lines[span.start - 1 : span.stop - 1]))


@dataclass(slots=True)
class Windows:
    """Parts of the log that are looked at; overlapping ones are read once.

    Attributes:
        lines: all of the log.
        spans: numbers of the lines of each part.
        size: how many lines were asked for.
    """

    lines: Sequence[str]
    spans: list[range] = field(default_factory=list)
    size: int = 0

    def add(self, number: int, before: int, after: int) -> None:
        """Look at a line and its neighbours, unless they are looked at already."""
        reached = max((span.stop for span in self.spans if number in span), default=0)
        first = number if reached else max(1, number - before)
        stop = min(number + after, len(self.lines)) + 1
        if stop > reached:
            self.spans.append(range(first, stop))
            self.size += number - first + 1 + after

    def add_command_above(self, number: int) -> None:
        """Look at the line that began the command whose output a line belongs to, if it stands a short way above."""
        for above in range(number - 1, max(0, number - 1 - tuning.COMMAND_REACH), -1):
            if begins_command(self.lines[above - 1]):
                self.add(above, 0, 0)
                return

    def read(self, reader: LineReader) -> Passage:
        """Return the lines of all windows in order. Where a window ends amid telling lines, reading goes on."""
        spans: list[range] = []  # in order, overlapping ones as one
        for span in sorted(self.spans, key=lambda span: (span.start, span.stop)):
            if spans and span.start < spans[-1].stop:
                spans[-1] = range(spans[-1].start, max(spans[-1].stop, span.stop))
            else:
                spans.append(span)
        texts = [trimmed(self.lines[span.start - 1 : span.stop - 1]) for span in spans]
        reader.profile(list(chain.from_iterable(texts)))  # all at once is quicker
        passage = Passage(self.lines)
        limits = [span.start for span in spans[1:]] + [len(self.lines) + 1]
        for span, rows, limit in zip(spans, texts, limits, strict=True):
            passage.add(span, rows)
            passage.read_on(limit, reader)
            passage.bridge(limit)
        return passage
