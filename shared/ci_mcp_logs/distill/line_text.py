"""The part of a line by which it is judged, and what it costs to show a line. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ci_mcp_logs.timestamps import STAMP_BEGINS, stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterable

# Colours that a tool wrote as text (`^[[31m`), in the caret notation of terminals and `cat -v`.
_CARET_ESCAPE = re.compile(r"\^\[\[[0-9;]*[A-Za-z]")
READ = 400  # characters of a line by which it is judged
_LONGEST = 4096  # characters of a line that are looked at; the rest is neither judged nor shown


class Line(NamedTuple):
    """One line of the log: its 1-based number, and its text without trailing white space."""

    number: int
    text: str


def trimmed(lines: Iterable[str]) -> list[str]:
    """Return lines without trailing white space, and of very long ones the beginning."""
    return [line[:_LONGEST].rstrip() for line in lines]


def unstamped(text: str) -> str:
    """Return the text without a leading time stamp, and without escape sequences that are written as text."""
    if "^[[" in text:
        text = _CARET_ESCAPE.sub("", text)
    return text[len(stamp_of(text)) :] if text[:1] in STAMP_BEGINS else text  # most lines are spared the call


def pattern_input(text: str) -> bytes:
    """Return the beginning of a line without its time stamp, in UTF-8: the form that patterns and words are read in."""
    return unstamped(text)[:READ].encode("utf-8", "replace")


def token_cost(number: int, length: int) -> float:
    """Return the cost of showing `length` characters of a line: a token is four, number and separators included."""
    return (len(str(number)) + 3 + length) / 4
