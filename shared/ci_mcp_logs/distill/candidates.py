"""Gathers the lines of a log that are looked at closely, with their features."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_logs.distill import indicative_lines, tuning
from ci_mcp_logs.distill.context_features import End, hit_columns, line_columns
from ci_mcp_logs.distill.line_profiles import LineProfiles, LineReader
from ci_mcp_logs.distill.line_text import trimmed
from ci_mcp_logs.distill.passages import Windows
from ci_mcp_logs.distill.rarity import Shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ci_mcp_logs.distill.anchor_tables import Anchor
    from ci_mcp_logs.distill.context_features import Columns
    from ci_mcp_logs.distill.line_text import Line
    from ci_mcp_logs.distill.model import Model
    from ci_mcp_logs.log_text import LogText


_NO_OUTPUT = frozenset({"cleanup", "noise"})  # roles of lines that are not the failing command's


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
        """Return the features of every line for the model of lines."""
        columns = line_columns(self.numbers, self.texts, self.profiles, self.end, self.command)
        return {**columns, "spread": self.shapes.spread(self.texts)}


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
        """Return the features of every hit for the model of hits."""
        columns = hit_columns([line.number for line in self.lines], self.profiles, self.end, self.last.number)
        return {**columns, "spread": self.shapes.spread(line.text for line in self.lines)}


def find_hits(text: LogText, reader: LineReader) -> Hits:
    """Find the lines with a telling word in one pass over the log."""
    lines = indicative_lines.telling_lines(text)
    profiles = reader.profile([line.text for line in lines], telling=True)
    exits = [(line, anchor) for line, anchor in zip(lines, profiles.anchors, strict=True) if anchor.role == "exit"]
    last = indicative_lines.last_line(text)
    end = End(exits[0][0].number, known=True, final=exits[0][1].final) if exits else _end(text, last.number, reader)
    return Hits(lines, profiles, [line for line, _ in exits], last, end, Shapes(text.lines, end.number))


def _end(text: LogText, last: int, reader: LineReader) -> End:
    """Return the last line before the clean-up at the end of the log, by the number of the log's last line.

    An indented line belongs to the one that it is indented under.
    """
    rows = trimmed(text.lines[max(0, last - tuning.LONGEST_CLEANUP) : last])
    profiles = reader.profile(rows)
    begin = len(rows)  # of the clean-up
    for index in range(len(rows) - 1, -1, -1):
        if profiles.anchors[index].role in _NO_OUTPUT:
            begin = index
        elif rows[index] and not profiles.indents[index]:
            break
    above = next((index for index in range(begin - 1, -1, -1) if rows[index]), None)
    if begin == len(rows) or above is None:
        return End(last)
    return End(last - len(rows) + 1 + above, final=True)


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
