"""Which lines of a log are looked at closely, and how likely each belongs to the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

from . import scan
from .features import columns, words
from .marks import Mark, mark
from .model import Model
from .text import Line, unstamped

_TAIL = 60  # lines before the failing command's end that are always looked at
_LAST = 30  # likewise of the log
_WINDOWS = 14  # hits whose neighbourhood is looked at
_BEFORE, _AFTER = 6, 24


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


class _Reader:
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


def gather(data: bytes, model: Model) -> Candidates:
    """Find the candidates: the surroundings of the best hits and the end of the failing command."""
    reader = _Reader(model)
    hits = scan.lines_at(data, scan.hits(data))
    tail = scan.last(data, _LAST)
    last = tail[-1].number
    end = next((line for line in hits if reader.mark(line.text).role == "exit"), tail[-1])
    found = {line.number: line for line in tail}
    found |= {line.number: line for line in scan.around(data, end, _TAIL, 5)}
    for line in _best(hits, reader, end.number):
        if not (line.number - 2 in found and line.number + _AFTER // 2 in found):
            found |= {near.number: near for near in scan.around(data, line, _BEFORE, _AFTER)}
    lines = [found[number] for number in sorted(found)]
    marks = [reader.mark(line.text) for line in lines]
    begun = [line.number for line, its in zip(lines, marks, strict=True) if its.role == "command" and line.number < end.number]
    return Candidates(lines, marks, [reader.score(line.text) for line in lines], end.number, begun[-1] if begun else 1, last)


def _best(hits: Sequence[Line], reader: _Reader, end: int) -> list[Line]:
    """The hits most worth their surroundings: telling in themselves, the first or last of their kind, before the end."""
    ranked = sorted(hits, key=lambda line: (line.number <= end, reader.score(line.text)), reverse=True)
    chosen: list[Line] = []
    for line in ranked:
        if all(abs(line.number - other.number) > 3 for other in chosen):
            chosen.append(line)
        if len(chosen) == _WINDOWS:
            break
    return sorted(chosen)
