"""Writes parts of a file: numbered lines within a budget, or bytes. Pure."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from ci_mcp_http.call import quote_input
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.outgoing_text import cleaned
from ci_mcp_kit.token_count import count_tokens
from forge_client.errors import FORGE

ROOM: Final = 1_500  # tokens of the lines of an answer
WIDEST: Final = 400  # characters of a line
MOST_LINES: Final = 1_000
MOST_BYTES: Final = 3_000
_RANGE: Final = re.compile(r"(\d{1,15})-(\d{1,15})", re.ASCII)


@dataclass(frozen=True)
class Lines:
    """Numbered lines of a text.

    Attributes:
        text: the lines, each with its number.
        first: the number of the first.
        last: the number of the last that had room.
        total: how many the text has.
    """

    text: str
    first: int
    last: int
    total: int


def read_range(text: str, what: str, most: int, *, lowest: int) -> tuple[int, int]:
    """Return first and last of a range like 1-80.

    Raises:
        InvalidInput: it is none, or longer than `most`.
    """
    match = _RANGE.fullmatch(text.strip())
    first, last = (int(match[1]), int(match[2])) if match else (0, -1)
    if not lowest <= first <= last < first + most:
        raise InvalidInput(
            f"{quote_input(text)} is not a range of 1 to {most} {what}",
            next_step=f"Give the first and the last, like {lowest}-{lowest + 79}",
            service=FORGE,
        )
    return first, last


def write_lines(content: str, first: int, last: int) -> Lines:
    """Return the lines from `first` to `last`, as far as there is room.

    The whole text is cleaned first, because half a secret is not recognised.

    Raises:
        InvalidInput: the text ends before the first.
    """
    lines = cleaned(content).split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if first > max(1, len(lines)):
        last_line = f"Its last line is {len(lines)}"
        raise InvalidInput(f"The file has no line {first}", next_step=last_line, service=FORGE)
    digits = len(str(min(last, len(lines))))
    written: list[str] = []
    room = ROOM
    for number, line in enumerate(lines[first - 1 : last], first):
        shown = line if len(line) <= WIDEST else f"{line[:WIDEST]}…[+{len(line) - WIDEST} chars]"
        row = f"{number:>{digits}}| {shown}"
        room -= count_tokens(row) + 1
        if room < 0 and written:
            break
        written.append(row)
    return Lines("\n".join(written), first, first + len(written) - 1, len(lines))


def decode_part(data: bytes) -> str | None:
    """Return the text of a part of a file, of which an end may cut a character; None if it is no text."""
    if b"\0" in data:
        return None
    for start in range(min(4, len(data) or 1)):
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            return decoder.decode(data[start:])
        except UnicodeDecodeError:
            continue
    return None
