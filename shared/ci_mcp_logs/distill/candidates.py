"""Gathers the lines of a log that are looked at closely: its ends and what stands around hits, with their features."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from ci_mcp_logs.distill import tuning
from ci_mcp_logs.distill.indicative_lines import Shapes, last_line, telling_lines
from ci_mcp_logs.distill.line_features import (
    ROLE_CODE,
    End,
    LineReader,
    adjoining,
    block_depths,
    ordinals,
    paragraph_scores,
    parent_scores,
    window_means,
)
from ci_mcp_logs.distill.line_words import begins_command, trimmed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_mcp_logs.distill.anchor_tables import Anchor
    from ci_mcp_logs.distill.line_features import Columns, LineProfiles
    from ci_mcp_logs.distill.line_words import Line
    from ci_mcp_logs.distill.model import Model
    from ci_mcp_logs.log_text import LogText

_NO_OUTPUT = frozenset({"cleanup", "noise"})  # roles of lines that are not the failing command's
_DETAILS = frozenset({"cause", "frame"})
_INSIDE = frozenset("+-|")  # first characters of the lines of a difference or a table


@dataclass(frozen=True, slots=True)
class Candidates:
    """The lines looked at closely, in order.

    Attributes:
        numbers: of the lines.
        texts: of the lines.
        profiles: what each line's text says by itself.
        end: of the failing command.
        command: number of the line at which that command began.
        last: number of the last line that is not empty.
        shapes: of the lines up to that end.
    """

    numbers: Sequence[int]
    texts: Sequence[str]
    profiles: LineProfiles
    end: End
    command: int
    last: int
    shapes: Shapes

    def columns(self) -> Columns:
        """Return the features of every line for the model of lines.

        here: its score; mean5, mean25, top: mean score of so many lines around it, and the best of all candidates;
        paragraph: best score of its paragraph; to_exit, to_end: lines to the failing command's end; from_command: lines
        from its beginning; length: characters; parent: score of the line that it is indented under; repeats: candidates
        of the same text; role: code of its anchor; block: how far above the head of its block stands; spread: parts of
        the log with a line of its shape.
        """
        here = self.profiles.scores
        adjoins = adjoining(self.numbers)
        counts = Counter(self.texts)
        return {
            "here": here,
            "mean5": window_means(here, 5),
            "mean25": window_means(here, 25),
            "top": [max(here)] * len(here),
            "paragraph": paragraph_scores(adjoins, self.profiles),
            **self.end.columns(self.numbers),
            "from_command": [number - self.command for number in self.numbers],
            "length": list(map(len, self.texts)),
            "parent": parent_scores(adjoins, self.profiles),
            "repeats": [counts[text] for text in self.texts],
            "role": self.profiles.roles,
            "block": block_depths(adjoins, self.profiles.anchors),
            "spread": self.shapes.spread(self.texts),
        }


@dataclass(frozen=True, slots=True)
class Hits:
    """The lines with a telling word, and those of them at which a command is known to have failed.

    Attributes:
        lines: with a telling word.
        profiles: of these lines.
        exits: the lines at which a command is known to have failed.
        last: the last line of the log that is not empty.
        end: of the failing command.
        shapes: of the lines up to that end.
    """

    lines: Sequence[Line]
    profiles: LineProfiles
    exits: Sequence[Line]
    last: Line
    end: End
    shapes: Shapes

    def columns(self) -> Columns:
        """Return the features of every hit for the model of hits, from before its surroundings are looked at.

        near: mean score of the hits around; role, role_after: codes of the anchors of this hit and the next; nth: hits
        of its family above it; to_exit, to_end: lines to the failing command's end; to_last: lines to the log's last;
        hits_after: hits from this one on; spread: parts of the log with a line of its shape.
        """
        numbers = [line.number for line in self.lines]
        return {
            "near": window_means(self.profiles.scores, 2),
            "role": self.profiles.roles,
            "role_after": [*self.profiles.roles[1:], ROLE_CODE[""]],
            "nth": ordinals(self.profiles.families),
            **self.end.columns(numbers),
            "to_last": [self.last.number - number for number in numbers],
            "hits_after": range(len(numbers), 0, -1),
            "spread": self.shapes.spread(line.text for line in self.lines),
        }


def find_hits(text: LogText, reader: LineReader) -> Hits:
    """Find the lines with a telling word in one pass over the log, and the end of the failing command."""
    lines = telling_lines(text)
    profiles = reader.profile([line.text for line in lines], telling=True)
    exits = [(line, anchor) for line, anchor in zip(lines, profiles.anchors, strict=True) if anchor.role == "exit"]
    last = last_line(text)
    end = End(last.number)
    if exits:
        line, anchor = exits[0]
        end = End(line.number, known=True, final=anchor.final)
    else:
        rows = trimmed(text.lines[max(0, last.number - tuning.LONGEST_CLEANUP) : last.number])
        at_last = reader.profile(rows)
        cleanup = len(rows)  # where the clean-up at the end of the log begins
        for index in range(len(rows) - 1, -1, -1):
            if at_last.anchors[index].role in _NO_OUTPUT:
                cleanup = index
            elif rows[index] and not at_last.indents[index]:  # an indented line belongs to the one above it
                break
        above = next((index for index in range(cleanup - 1, -1, -1) if rows[index]), None)
        if cleanup < len(rows) and above is not None:
            end = End(last.number - len(rows) + 1 + above, final=True)
    return Hits(lines, profiles, [line for line, _ in exits], last, end, Shapes(text.lines, end.number))


def gather(text: LogText, model: Model, news: Sequence[int] = ()) -> Candidates:
    """Gather the candidates: the ends of log and command, news, rare lines, and the surroundings of good hits.

    `news` are the numbers of the lines that a good run did not print; where those are few, all are candidates.
    """
    reader = LineReader(model)
    hits = find_hits(text, reader)
    windows = Windows(text.lines)
    windows.add(hits.last.number, tuning.BEFORE_LAST, 0)
    for stop in (hits.end.number, *(line.number for line in hits.exits[-1:])):
        windows.add(stop, tuning.BEFORE_END, tuning.AFTER_END)
        windows.add_command_above(stop)
    for number in (*news[: tuning.NEWS], *news[-tuning.NEWS :]):
        windows.add(number, 0, 0)
    for line, anchor in _from_likeliest(hits, model):
        if windows.size >= tuning.MOST_LINES:
            break
        before = tuning.BEFORE_HEAD if anchor.role == "head" else tuning.BEFORE_HIT
        windows.add(line.number, before, max(tuning.AFTER_HIT, min(anchor.lines, tuning.LONGEST_BLOCK)))
        windows.add_command_above(line.number)
    for number in hits.shapes.rare():
        windows.add(number, 0, 0)
    passage = windows.read(reader)
    profiles = reader.profile(passage.texts)
    rows = zip(passage.numbers, profiles.anchors, strict=True)
    begun = [number for number, anchor in rows if anchor.role == "command" and number < hits.end.number]
    command = begun[-1] if begun else 1
    return Candidates(passage.numbers, passage.texts, profiles, hits.end, command, hits.last.number, hits.shapes)


def _from_likeliest(hits: Hits, model: Model) -> Iterator[tuple[Line, Anchor]]:
    """Yield the hits whose surroundings are worth a look, the likeliest first; each further one of a family is less."""
    if not hits.lines:
        return
    chances = model.hits.chances(hits.columns())
    seen: Counter[str] = Counter()
    worth = []
    for index in sorted(range(len(chances)), key=chances.__getitem__, reverse=True):
        family = hits.profiles.families[index]
        worth.append((chances[index] * tuning.REPEATED_HIT ** seen[family], index))
        seen[family] += 1
    for chance, index in sorted(worth, reverse=True):
        if chance > tuning.LEAST_HIT:
            yield hits.lines[index], hits.profiles.anchors[index]


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
            if self._following >= limit:
                break
            inside = all(text.lstrip()[:1] in _INSIDE for text in self.texts[last])
            details = sum(anchor.role in _DETAILS for anchor in reader.profile(self.texts[last]).anchors)
            if not inside and details < tuning.LISTED:
                break
            self._read(min(self._following + tuning.STRIDE, limit))

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
