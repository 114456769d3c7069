"""A shape of secrets: a literal text that it holds, and the pattern that it has. Pure, in linear time."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Shape:
    """Secrets that begin with one of some literal texts, or hold one at a known place.

    Attributes:
        needles: those texts, in lower case.
        expression: of the secret; what it has in the group `lead` is no part of it, and it ends with the group `value`.
        harmless: whether a match is no secret after all.
        before: how many characters before a needle the pattern begins.
    """

    needles: tuple[str, ...]
    expression: str
    harmless: Callable[[re.Match[str]], bool] | None = None
    before: tuple[int, ...] = (0,)

    def match(self, text: str, at: int) -> re.Match[str] | None:
        """Match the pattern with a needle at `at`."""
        compiled = pattern(self.expression)
        for count in self.before:
            if count <= at and (match := compiled.match(text, at - count)):
                return match
        return None

    def span(self, match: re.Match[str]) -> Span | None:
        """Return the span of the secret in a match; None if it is none."""
        if self.harmless and self.harmless(match):
            return None
        return match.end("lead") if "lead" in match.re.groupindex else match.start(), match.end()


def shape(
    needles: str,
    expression: str,
    harmless: Callable[[re.Match[str]], bool] | None = None,
    before: tuple[int, ...] = (0,),
) -> Shape:
    """Make a shape; a `|` separates its needles."""
    return Shape(tuple(needles.split("|")), expression, harmless, before)


SHORT = 1_000  # characters: most texts in answers are shorter, and are searched without loading RE2
_BEGINNING = 2  # characters of a needle by which it is looked up; none is shorter
_READ_AGAIN = 80  # characters of a match that was no secret: what looks like a value may be another name


class Finder:
    """Finds the secrets of many shapes in one pass over a text."""

    def __init__(self, shapes: tuple[Shape, ...]) -> None:
        needles = sorted({needle for one in shapes for needle in one.needles}, key=len, reverse=True)
        self._shapes = {found.encode(): [one for one in shapes if found.startswith(one.needles)] for found in needles}
        self._any_needle = "|".join(map(re.escape, needles)).encode()
        if len(needles[-1]) < _BEGINNING:
            raise ValueError(f"{needles[-1]!r} would not be found in a short text")
        self._by_beginning: dict[bytes, list[bytes]] = {}  # what needles begin with -> the needles, longest first
        for needle in self._shapes:
            self._by_beginning.setdefault(needle[:_BEGINNING], []).append(needle)

    def spans(self, text: str) -> Iterator[Span]:
        """Yield the spans of secrets, in linear time: a shape reads hardly a character twice."""
        read: dict[Shape, int] = {}  # how far each has read
        # A byte for each character, so that positions are the same.
        for at, needle in self._needles_in(text.encode("ascii", "replace").lower()):
            for one in self._shapes[needle]:
                match = one.match(text, at) if at >= read.get(one, 0) else None
                if match and (span := one.span(match)):
                    read[one] = match.end()
                    yield span
                elif match:
                    read[one] = max(match.start() + 1, match.end() - _READ_AGAIN)

    def _needles_in(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield where needles are; of those at one place the longest, because the others are what it begins with."""
        if len(data) <= SHORT:
            for at in range(len(data)):
                for needle in self._by_beginning.get(data[at : at + _BEGINNING], ()):
                    if data.startswith(needle, at):
                        yield at, needle
                        break
            return
        needle_pattern = re2_pattern(self._any_needle)
        for at, end in lines_with(self._any_needle, data):
            while hit := needle_pattern.search(data, at, end):
                yield hit.start(), hit[0]
                at = hit.start() + 1  # noqa: PLW2901 - needles overlap


@functools.cache
def pattern(expression: str) -> re.Pattern[str]:
    """Compile an expression once something needs it: all of them take longer than most answers."""
    return re.compile(expression)


def matches(expression: bytes, data: bytes) -> Iterator[Any]:
    """Yield the matches of an expression that both `re` and RE2 understand, in linear time.

    RE2 takes a tenth of the time of `re` to search a whole log, and `re` a tenth of the memory that loading RE2 takes.
    """
    compiled = re.compile(expression) if len(data) <= SHORT else re2_pattern(expression)
    yield from compiled.finditer(data)


def lines_with(expression: bytes, data: bytes) -> Iterator[Span]:
    """Yield the spans of the lines in which an expression matches, each once."""
    if len(data) > SHORT:
        for line in re2_pattern(b"[^\n]*(?:" + expression + b")[^\n]*").finditer(data):
            yield line.span()
        return
    read = -1
    for match in matches(expression, data):
        if match.start() > read:
            end = data.find(b"\n", match.end())
            read = len(data) if end < 0 else end
            yield data.rfind(b"\n", 0, match.start()) + 1, read


@functools.cache
def re2_pattern(expression: bytes) -> Any:
    """Compile for RE2."""
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - on first use, to start fast

    return re2.compile(expression)
