"""Cursors: opaque texts that say where to go on in one log. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

_LONGEST = 200  # characters; what encode() makes is far below
_LARGEST = 2**63


class CursorError(ValueError):
    """A text that is no cursor of this server."""


class ForeignCursor(CursorError):
    """A cursor that belongs to another owner."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a log.

    Attributes:
        log: the numbers by which the server knows the log, such as those of build, stage and step.
        line: the next line to show.
        back: whether to go backwards from it.
        pos: in a live log, the position of the write that begins the line; -1 for a stored log.
    """

    log: tuple[int, ...]
    line: int
    back: bool = False
    pos: int = -1

    @property
    def live(self) -> bool:
        """Whether the step still ran when the cursor was given."""
        return self.pos >= 0


def encode(owner: str, cursor: Cursor) -> str:
    """Return the text for `cursor`, bound to its owner, such as a repository."""
    values = [_digest(owner), *cursor.log, cursor.line, int(cursor.back), cursor.pos]
    raw = json.dumps(values, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(owner: str, text: str, numbers: int) -> Cursor:
    """Return the cursor that `encode` was given.

    Args:
        owner: the owner that the cursor must be bound to.
        text: the text of the cursor.
        numbers: how many numbers name a log.

    Raises:
        CursorError: it is no cursor.
        ForeignCursor: it is one of another owner.
    """
    try:
        padded = text[:_LONGEST] + "=" * (-len(text) % 4)
        digest, *values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        *log, line, back, pos = values
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise CursorError("no cursor") from error
    if len(log) != numbers or not all(isinstance(value, int) and -1 <= value < _LARGEST for value in values):
        raise CursorError("no cursor into such a log")
    if digest != _digest(owner):
        raise ForeignCursor("a cursor of another owner")
    return Cursor(tuple(log), line, bool(back), pos)


def _digest(owner: str) -> str:
    """Return a short stand-in for the name: long names would make long cursors, paid for in every answer."""
    return hashlib.sha256(owner.encode("utf-8", "replace")).hexdigest()[:8]
