"""Reads the parts of a log around hits, each line once, and on where a part ends amid lines that score well."""

from collections.abc import Sequence
from itertools import chain

from . import scan
from .line_scores import Reader
from .text import Line

_STRIDES, _STRIDE, _LOOK = 8, 6, 3  # a window grows at most so often, by so many lines, for what so many last ones say
_HOLE = 12  # lines; windows so close to each other are read as one
_WIDE = 200  # bytes a line; a hole of longer ones is not read
_INSIDE = frozenset("+-|")  # what the lines of a difference or a table begin with


class Passage:
    """Numbers and texts of lines that are read one after the other, with leaps; `reached` is the following offset."""

    def __init__(self, data: bytes) -> None:
        self.numbers: list[int] = []
        self.texts: list[str] = []
        self.reached = 0
        self._data = data

    def add(self, number: int, texts: Sequence[str], reached: int) -> None:
        """Add lines, the first of which has this number."""
        self.numbers += range(number, number + len(texts))
        self.texts += texts
        self.reached = reached

    def read_on(self, limit: int, reader: Reader) -> None:
        """Add lines if the last ones tell, and on as long as they stand inside something; up to an offset."""
        if self.reached < limit and sum(reader.look(self.texts[-_LOOK:]).scores) > 0:
            self._stride(limit)
        for _ in range(_STRIDES):
            if self.reached >= limit or not all(text.lstrip()[:1] in _INSIDE for text in self.texts[-_LOOK:]):
                break
            self._stride(limit)

    def bridge(self, following: int) -> None:
        """Add the lines up to the following window, if those are few."""
        near = self.reached < following <= min(len(self._data), self.reached + _HOLE * _WIDE)
        if near and scan.skip(self._data, self.reached, _HOLE) >= following:
            self._read(following)

    def _stride(self, limit: int) -> None:
        self._read(min(scan.skip(self._data, self.reached, _STRIDE), limit))

    def _read(self, end: int) -> None:
        self.add(self.numbers[-1] + 1, scan.read(self._data, self.reached, end), end)


class Windows:
    """Parts of the log that are looked at; overlapping ones are read once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._spans: list[tuple[int, int, int]] = []  # offsets of first line and of that behind the last; first number
        self.size = 0

    def add(self, line: Line, before: int, after: int) -> None:
        """Look at a line and its neighbours, unless they are being looked at."""
        reached = max((end for start, end, _ in self._spans if start <= line.offset < end), default=0)
        span = scan.span(self._data, line.offset, 0 if reached else before, after)
        if span.end > reached:
            self._spans.append((span.start, span.end, line.number - span.back))
            self.size += span.back + 1 + after

    def lines(self, reader: Reader) -> Passage:
        """All lines of all windows in order. A window that ends amid telling lines is read on."""
        spans = self._apart()
        texts = [scan.read(self._data, start, end) for start, end, _ in spans]
        reader.look(list(chain.from_iterable(texts)))  # all at once is quicker
        found = Passage(self._data)
        limits = [start for start, _, _ in spans[1:]] + [len(self._data) + 1]
        for (_, end, number), its, following in zip(spans, texts, limits, strict=True):
            found.add(number, its, end)
            found.read_on(following, reader)
            found.bridge(following)
        return found

    def _apart(self) -> list[tuple[int, int, int]]:
        """The windows in order, overlapping ones as one."""
        apart: list[tuple[int, int, int]] = []
        for span in sorted(self._spans):
            if apart and span[0] < apart[-1][1]:
                start, end, number = apart.pop()
                apart.append((start, max(end, span[1]), number))
            else:
                apart.append(span)
        return apart
