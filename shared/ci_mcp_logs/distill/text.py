"""Decodes lines of a log as they are shown: without escapes and overwritten progress, cut to a bearable length."""

import re
from typing import NamedTuple

from ci_mcp_logs.timestamps import STAMP_BEGINS, stamp_of

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\n]*\x07|\x1b[()][A-Z0-9]|\x1b")
_WRITTEN_OUT = re.compile(r"\^\[\[[0-9;]*[A-Za-z]")
READ = 400  # characters of a line by which it is judged
_LONGEST_READ = 4096  # bytes of one line that are looked at; what stands behind is neither scored nor shown


class Line(NamedTuple):
    """One line of the log: its 1-based number, its bytes' offset, and its text as shown."""

    number: int
    offset: int
    text: str


def encode(log: str) -> bytes:
    """The log as UTF-8; lone surrogates survive, so that every line can be given back as it was."""
    return log.encode("utf-8", "surrogatepass")


def shown(raw: bytes) -> str:
    """Return a line as a terminal would leave it: no escape sequences, the last text after carriage returns."""
    return _settled(_decode(raw))[0]


def shown_lines(block: bytes) -> list[str]:
    """The same of every line of a block, decoded in one go."""
    if len(block) > _LONGEST_READ and max(map(len, rows := block.split(b"\n"))) > _LONGEST_READ:
        return [shown(row) for row in rows]
    return _settled(block.decode("utf-8", "surrogatepass"))


def _settled(text: str) -> list[str]:
    """The lines of a text without escape sequences and without what a carriage return let be written over."""
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    lines = [line.rstrip() for line in text.split("\n")]
    return [_last_written(line) if "\r" in line else line for line in lines] if "\r" in text else lines


def _last_written(line: str) -> str:
    return next(part for part in reversed(line.split("\r")) if part.strip()).rstrip()


def _decode(raw: bytes) -> str:
    """The line as text; of a very long one its beginning, or what follows its last carriage return."""
    if len(raw) > _LONGEST_READ:
        raw = raw.rstrip()
        start = raw.rfind(b"\r") + 1
        raw = raw[start : start + _LONGEST_READ]
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as cut_in_a_character:
        return raw[: cut_in_a_character.start].decode("utf-8", "surrogatepass")


def unstamped(text: str) -> str:
    """The text without a leading time stamp, and without escapes that someone wrote out as `^[[31m`."""
    if "^[[" in text:
        text = _WRITTEN_OUT.sub("", text)
    return text[len(stamp_of(text)) :] if text[:1] in STAMP_BEGINS else text  # most lines are spared the call


def plain(text: str) -> bytes:
    """Return the beginning of a line without its time stamp, encoded, which is what the patterns read."""
    return unstamped(text)[:READ].encode("utf-8", "replace")


def tokens(number: int, length: int) -> float:
    """What showing so many characters of a line costs: a token is four, line number and separators included."""
    return (len(str(number)) + 3 + length) / 4
