"""Which lines of a log are looked at closely, and how likely each belongs to the evidence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from . import scan
from .features import columns, hit_columns, kind, words
from .marks import Mark, mark
from .model import Model
from .text import Line, unstamped

_TAIL = 25  # lines before the failing command's end that are always looked at
_LAST = 20  # likewise of the log
_MOST = 280  # lines; no further surroundings are looked at then
_NEWS = 60  # new lines that are looked at from each end
_REPEATED = 0.9
_BEFORE, _AFTER = 5, 11


@dataclass(frozen=True, slots=True)
class Candidates:
    """The lines looked at, in order, with what is known of them."""

    lines: Sequence[Line]
    marks: Sequence[Mark]
    here: Sequence[float]
    end: int
    command: int
    last: int

    def surroundings(self) -> dict[str, Sequence[float]]:
        """Every line's features for the second stage."""
        return columns(self.lines, self.marks, self.here, self.end, self.command, self.last)


class Reader:
    """Scores and marks lines, equal ones once."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._scores: dict[str, float] = {}
        self._marks: dict[str, Mark] = {}

    def score(self, text: str) -> float:
        known = self._scores.get(text)
        if known is None:
            known = self._scores[text] = self._model.line(words(text))
        return known

    def mark(self, text: str) -> Mark:
        known = self._marks.get(text)
        if known is None:
            known = self._marks[text] = mark(unstamped(text))
        return known


@dataclass(frozen=True, slots=True)
class Hits:
    """The lines with a telling word, and where the failing command and the log end."""

    lines: Sequence[Line]
    marks: Sequence[Mark]
    here: Sequence[float]
    exits: Sequence[Line]
    tail: Sequence[Line]

    @property
    def end(self) -> Line:
        """The line at which the failing command is known to have ended, else the last."""
        return self.exits[0] if self.exits else self.tail[-1]

    def columns(self) -> dict[str, Sequence[float]]:
        """Every hit's features for the first stage."""
        return hit_columns(self.lines, self.marks, self.here, self.end.number, self.tail[-1].number)


def find_hits(data: bytes, reader: Reader) -> Hits:
    """One pass over the log."""
    lines = scan.lines_at(data, scan.hits(data))
    marks = [reader.mark(line.text) for line in lines]
    exits = [line for line, its in zip(lines, marks, strict=True) if its.role == "exit"]
    return Hits(lines, marks, [reader.score(line.text) for line in lines], exits, scan.last(data, _LAST))


def gather(data: bytes, model: Model, news: Sequence[tuple[int, int]] = ()) -> Candidates:
    """Find the candidates: the surroundings of the best hits, the end of the failing command.

    `news` are number and offset of lines that a good run did not print; where those are few, all are candidates.
    """
    reader = Reader(model)
    hits = find_hits(data, reader)
    found = {line.number: line for line in hits.tail}
    for stop in {hits.end, hits.exits[-1] if hits.exits else hits.end}:
        found |= {line.number: line for line in scan.around(data, stop, _TAIL, 5)}
    for number, offset in (*news[:_NEWS], *news[-_NEWS:]):
        found |= {number: line for line in scan.following(data, offset, number, 1)}
    for line, its in _ranked(hits, model):
        if len(found) >= _MOST:
            break
        before, after = _reach(its)
        if not (line.number - before // 2 in found and line.number + after // 2 in found):
            found |= {near.number: near for near in scan.around(data, line, before, after)}
    lines = [found[number] for number in sorted(found)]
    marks = [reader.mark(line.text) for line in lines]
    end = hits.end.number
    begun = [line.number for line, its in zip(lines, marks, strict=True) if its.role == "command" and line.number < end]
    here = [reader.score(line.text) for line in lines]
    return Candidates(lines, marks, here, end, begun[-1] if begun else 1, hits.tail[-1].number)


def _ranked(hits: Hits, model: Model) -> list[tuple[Line, Mark]]:
    """The hits most worth a look at their surroundings; each further one of a kind counts for less."""
    if not hits.lines:
        return []
    chances = model.hits.chances(hits.columns())
    order = sorted(range(len(chances)), key=lambda i: -chances[i])
    kinds: Counter[str] = Counter()
    worth = []
    for i in order:
        its = kind(hits.lines[i].text, hits.marks[i])
        worth.append((chances[i] * _REPEATED ** kinds[its], i))
        kinds[its] += 1
    return [(hits.lines[i], hits.marks[i]) for _, i in sorted(worth, reverse=True)]


def _reach(its: Mark) -> tuple[int, int]:
    """How many lines before and after a hit are worth a look."""
    below = its.anchor.lines if its.anchor else 0
    return (3 if its.role == "head" else _BEFORE), max(_AFTER, min(below, 40))
