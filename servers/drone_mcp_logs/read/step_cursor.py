"""Cursors into the log of one step of one build. Pure."""

from __future__ import annotations

from ci_mcp_logs import cursors
from ci_mcp_logs.cursors import Cursor, CursorError, ForeignCursor
from drone_mcp_client.errors import InvalidInput

_AGAIN = "Call without cursor to start over; pass a cursor on exactly as an answer gave it, with the same repo"
_NUMBERS = 3  # of the build, the stage and the step


def decode(repo: str, text: str) -> Cursor:
    """Return the cursor of a text that an answer about `repo` gave.

    Raises:
        InvalidInput: it is no cursor, or one for another repository.
    """
    try:
        return cursors.decode(repo, text, _NUMBERS)
    except ForeignCursor as error:
        raise InvalidInput(f"The cursor belongs to another repository than {repo}", next_step=_AGAIN) from error
    except CursorError as error:
        raise InvalidInput("That is not a cursor of this server", next_step=_AGAIN) from error


def check_build(cursor: Cursor, number: int | None) -> None:
    """Raise `InvalidInput` where the cursor is of another build than the one asked for."""
    if number is not None and number != cursor.log[0]:
        raise InvalidInput(f"The cursor belongs to build {cursor.log[0]}, not to build {number}", next_step=_AGAIN)


def check_step(cursor: Cursor, stage: int, step: int) -> None:
    """Raise `InvalidInput` where the cursor is of another step than the one asked for."""
    _, own_stage, own_step = cursor.log
    if (stage, step) != (own_stage, own_step):
        raise InvalidInput(
            f"The cursor belongs to step {own_stage}/{own_step} (stage/step), not to {stage}/{step}",
            next_step=_AGAIN,
        )
