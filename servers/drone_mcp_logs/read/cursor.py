"""Cursors: opaque texts that say where to go on in the log of one step of one build. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from drone_mcp_client.errors import InvalidInput

_AGAIN = "Call without cursor to start over; pass a cursor on exactly as an answer gave it, with the same repo"
_LONGEST = 200  # characters; what encode() makes is far below
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a log.

    Attributes:
        number: the build.
        stage: number of the stage.
        step: number of the step.
        line: the next line to show.
        back: whether to go backwards from it.
        pos: in a live log, Drone's position of the write that begins the line; -1 for a stored log.
    """

    number: int
    stage: int
    step: int
    line: int
    back: bool = False
    pos: int = -1

    @property
    def live(self) -> bool:
        """Whether the step still ran when the cursor was given."""
        return self.pos >= 0


def encode(repo: str, cursor: Cursor) -> str:
    """Return the text for `cursor`, bound to `repo`."""
    values = [_mark(repo), cursor.number, cursor.stage, cursor.step, cursor.line, int(cursor.back), cursor.pos]
    raw = json.dumps(values, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(repo: str, text: str) -> Cursor:
    """Return what `encode` was given.

    Raises:
        InvalidInput: it is no cursor, or one for another repository.
    """
    mark, number, stage, step, line, back, pos = _values(text)
    if mark != _mark(repo):
        raise InvalidInput(f"The cursor belongs to another repository than {repo}", next_step=_AGAIN)
    return Cursor(number, stage, step, line, bool(back), pos)


def check_build(cursor: Cursor, number: int | None) -> None:
    """Raise `InvalidInput` where the cursor is of another build than the one asked for."""
    if number is not None and number != cursor.number:
        raise InvalidInput(f"The cursor belongs to build {cursor.number}, not to build {number}", next_step=_AGAIN)


def check_step(cursor: Cursor, stage: int, step: int) -> None:
    """Raise `InvalidInput` where the cursor is of another step than the one asked for."""
    if (stage, step) != (cursor.stage, cursor.step):
        raise InvalidInput(
            f"The cursor belongs to step {cursor.stage}/{cursor.step} (stage/step), not to {stage}/{step}",
            next_step=_AGAIN,
        )


def _mark(repo: str) -> str:
    """A short stand-in for the name: long names would make long cursors, paid for in every answer."""
    return hashlib.sha256(repo.encode("utf-8", "replace")).hexdigest()[:8]


def _values(text: str) -> tuple[str, int, int, int, int, int, int]:
    try:
        padded = text[:_LONGEST] + "=" * (-len(text) % 4)
        mark, *numbers = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        number, stage, step, line, back, pos = (_whole(value) for value in numbers)
    except (binascii.Error, ValueError, TypeError, RecursionError) as wrong:
        raise InvalidInput("That is no cursor of this server", next_step=_AGAIN) from wrong
    return str(mark), number, stage, step, line, back, pos


def _whole(value: object) -> int:
    if not isinstance(value, int) or not -1 <= value < _LARGEST:
        raise ValueError("no number")
    return int(value)
