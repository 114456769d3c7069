"""Reads the parts of a log around hits, each line once, and further where a part ends amid lines that score well."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from ci_mcp_logs.distill import tuning
from ci_mcp_logs.distill.line_text import trimmed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.distill.line_scores import LineReader

_INSIDE = frozenset("+-|")  # first characters of the lines of a difference or a table


class Passage:
    """Numbers and texts of the lines that are read, ascending, with leaps."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.numbers: list[int] = []
        self.texts: list[str] = []
        self._lines = lines

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
            if self._following >= limit or not all(text.lstrip()[:1] in _INSIDE for text in self.texts[last]):
                break
            self._read(min(self._following + tuning.STRIDE, limit))

    def bridge(self, limit: int) -> None:
        """Read the lines before `limit`, where the following window begins, if they are few and short."""
        gap = self._lines[self._following - 1 : min(limit, self._following + tuning.HOLE + 1) - 1]
        if not gap or limit > len(self._lines) or len(gap) > tuning.HOLE:
            return
        if sum(len(line.encode("utf-8", "replace")) + 1 for line in gap) <= tuning.HOLE * tuning.WIDE:
            self._read(limit)

    @property
    def _following(self) -> int:
        """Number of the line behind the last."""
        return self.numbers[-1] + 1

    def _read(self, stop: int) -> None:
        span = range(self._following, min(stop, len(self._lines) + 1))
        self.add(span, trimmed(self._lines[span.start - 1 : span.stop - 1]))


class Windows:
    """Parts of the log that are looked at; overlapping ones are read once."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._spans: list[range] = []  # of line numbers
        self.size = 0

    def add(self, number: int, before: int, after: int) -> None:
        """Look at a line and its neighbours, unless they are looked at already."""
        reached = max((span.stop for span in self._spans if number in span), default=0)
        first = number if reached else max(1, number - before)
        stop = min(number + after, len(self._lines)) + 1
        if stop > reached:
            self._spans.append(range(first, stop))
            self.size += number - first + 1 + after

    def read(self, reader: LineReader) -> Passage:
        """Return the lines of all windows in order. Where a window ends amid telling lines, reading goes on."""
        spans = self._merged()
        texts = [trimmed(self._lines[span.start - 1 : span.stop - 1]) for span in spans]
        reader.profile(list(chain.from_iterable(texts)))  # all at once is quicker
        passage = Passage(self._lines)
        limits = [span.start for span in spans[1:]] + [len(self._lines) + 1]
        for span, rows, limit in zip(spans, texts, limits, strict=True):
            passage.add(span, rows)
            passage.read_on(limit, reader)
            passage.bridge(limit)
        return passage

    def _merged(self) -> list[range]:
        """Return the windows in order, overlapping ones as one."""
        merged: list[range] = []
        for span in sorted(self._spans, key=lambda span: (span.start, span.stop)):
            if merged and span.start < merged[-1].stop:
                merged[-1] = range(merged[-1].start, max(merged[-1].stop, span.stop))
            else:
                merged.append(span)
        return merged
