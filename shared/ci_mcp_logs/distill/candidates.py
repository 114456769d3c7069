"""Gathers the lines of a log that are looked at closely, with their features."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from . import scan
from .anchor_tables import Anchor
from .features import Columns, hit_columns, line_columns
from .line_scores import Looks, Reader
from .model import Model
from .passages import Windows
from .text import Line

_TAIL = 25  # lines before the failing command's end that are always looked at
_LAST = 20  # likewise of the log
_MOST = 400  # lines; no further surroundings are looked at then
_NEWS = 60  # new lines that are looked at from each end
_REPEATED = 0.9
_HARDLY = 0.12  # chance of a hit up to which its surroundings are not looked at
_BEFORE, _AFTER = 4, 8


@dataclass(frozen=True, slots=True)
class Candidates:
    """The lines looked at, in order, with what is known of them."""

    numbers: Sequence[int]
    texts: Sequence[str]
    looks: Looks
    end: int
    command: int
    last: int
    final: bool = False  # whether nothing but cleaning up follows the end

    def surroundings(self) -> Columns:
        """Every line's features for the second stage."""
        return line_columns(self.numbers, self.texts, self.looks, self.end, self.command)


@dataclass(frozen=True, slots=True)
class Hits:
    """The lines with a telling word, and where the failing command and the log end."""

    lines: Sequence[Line]
    looks: Looks
    exits: Sequence[Line]
    last: Line

    @property
    def end(self) -> Line:
        """The line at which the failing command is known to have ended, else the last."""
        return self.exits[0] if self.exits else self.last

    @property
    def final(self) -> bool:
        """Whether nothing but cleaning up follows that line."""
        return next((anchor.final for anchor in self.looks.anchors if anchor.role == "exit"), False)

    def columns(self) -> Columns:
        """Every hit's features for the first stage."""
        return hit_columns([line.number for line in self.lines], self.looks, self.end.number, self.last.number)


def find_hits(data: bytes, reader: Reader) -> Hits:
    """One pass over the log."""
    lines = scan.lines_at(data, scan.hits(data))
    looks = reader.look([line.text for line in lines], telling=True)
    exits = [line for line, anchor in zip(lines, looks.anchors, strict=True) if anchor.role == "exit"]
    return Hits(lines, looks, exits, scan.last(data, lines[-1] if lines else scan.TOP))


def gather(data: bytes, model: Model, news: Sequence[tuple[int, int]] = ()) -> Candidates:
    """Find the candidates: the surroundings of the best hits, the end of the failing command.

    `news` are number and offset of lines that a good run did not print; where those are few, all are candidates.
    """
    reader = Reader(model)
    hits = find_hits(data, reader)
    windows = Windows(data)
    windows.add(hits.last, _LAST, 0)
    for stop in (hits.end, *hits.exits[-1:]):
        windows.add(stop, _TAIL, 5)
    for number, offset in (*news[:_NEWS], *news[-_NEWS:]):
        windows.add(Line(number, offset, ""), 0, 0)
    for line, anchor in _ranked(hits, model):
        if windows.size >= _MOST:
            break
        windows.add(line, *_reach(anchor))
    found = windows.lines(reader)
    looks = reader.look(found.texts)
    end = hits.end.number
    rows = zip(found.numbers, looks.anchors, strict=True)
    begun = [number for number, anchor in rows if anchor.role == "command" and number < end]
    command = begun[-1] if begun else 1
    return Candidates(found.numbers, found.texts, looks, end, command, hits.last.number, hits.final)


def _ranked(hits: Hits, model: Model) -> list[tuple[Line, Anchor]]:
    """The hits most worth a look at their surroundings; each further one of a kind counts for less."""
    if not hits.lines:
        return []
    chances = model.hits.chances(hits.columns())
    kinds: Counter[str] = Counter()
    worth = []
    for i in sorted(range(len(chances)), key=chances.__getitem__, reverse=True):
        its = hits.looks.kinds[i]
        worth.append((chances[i] * _REPEATED ** kinds[its], i))
        kinds[its] += 1
    return [(hits.lines[i], hits.looks.anchors[i]) for chance, i in sorted(worth, reverse=True) if chance > _HARDLY]


def _reach(anchor: Anchor) -> tuple[int, int]:
    """How many lines before and after a hit are worth a look."""
    return (3 if anchor.role == "head" else _BEFORE), max(_AFTER, min(anchor.lines, 40))
