"""How widely a log repeats a line: what passing output says stands all over it, and the cause of a failure stands out.

This finds causes without any telling word, as in languages that the tables do not know, and tells them from complaints
that a build always makes.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from ci_mcp_logs.distill import tuning

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_READ = 64  # characters of a line
_SHAPE = 20  # bytes of these, the first ones without digits, blanks and punctuation
_VARIABLE = b"0123456789 \t-:._/TZ"  # with what stands between the digits of a time stamp
_PART = 50  # lines


class Shapes:
    """The shapes of the last lines up to the failing command's end: what lines of the same sort begin with."""

    def __init__(self, lines: Sequence[str], end: int) -> None:
        self._first = max(1, end - tuning.SHAPES_READ + 1)
        self._shapes = list(map(_shape, lines[self._first - 1 : end]))
        parts = {(shape, index // _PART) for index, shape in enumerate(self._shapes)}
        self._spread = Counter(shape for shape, _ in parts)
        starts = {
            (shape, index // _PART)
            for index, (above, shape) in enumerate(pairwise([b"", *self._shapes]))
            if shape != above
        }
        self._scattered = Counter(shape for shape, _ in starts)

    def spread(self, texts: Iterable[str]) -> list[int]:
        """Return in how many parts of the log there is a line with the shape of each text."""
        return [self._spread[_shape(text)] for text in texts]

    def everywhere(self, texts: Iterable[str]) -> list[bool]:
        """Return whether lines with the shape of each text begin in many parts of the log: a list begins only once."""
        return [self._scattered[_shape(text)] >= tuning.EVERYWHERE for text in texts]

    def rare(self) -> list[int]:
        """Return the numbers of the last lines whose shape no other one has."""
        counts = Counter(self._shapes)
        rare = [number for number, shape in enumerate(self._shapes, self._first) if shape and counts[shape] == 1]
        return rare[-tuning.RARE :]


def _shape(text: str) -> bytes:
    return text[:_READ].encode("utf-8", "replace").translate(None, _VARIABLE)[:_SHAPE]
