"""The position in a list of builds, as text that the caller hands back. Pure.

A cursor is not secret. It contains a fingerprint of the repository and the filters, so a cursor that is used with
other filters is rejected instead of giving a wrong answer.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final

from ci_mcp_kit.cursor_binding import fingerprint
from drone_mcp_client.errors import InvalidInput

LONGEST: Final = 200  # characters
LARGEST: Final = 2**63 - 1  # an int64, as the numbers of builds in Drone
LARGEST_PAGE: Final = 100  # builds; Drone's maximum
FURTHEST_PAGE: Final = 10**9  # Drone makes an SQL offset of it, which must not overflow
NEXT_STEP: Final = (
    "Call again with the same repository and filters as the call that gave the cursor, or without a cursor"
)


@dataclass(frozen=True, slots=True)
class Position:
    """The place to continue: `page` of pages of `size`, with builds numbered below `before`.

    Pages shift when builds are added meanwhile; `before` keeps that from showing a build twice.
    """

    page: int
    size: int
    before: int


def first_position(size: int) -> Position:
    """Return the position of the newest build."""
    return Position(page=1, size=size, before=LARGEST)


def encode(position: Position, question: dict[str, Any]) -> str:
    """Write a position in the answer to `question`."""
    data = [position.page, position.size, position.before, fingerprint(question)]
    text = json.dumps(data, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(text: str, question: dict[str, Any]) -> Position:
    """Read what `encode` wrote for the same question.

    Raises:
        InvalidInput: it is not a cursor of this server, or belongs to another question.
    """
    try:
        page, size, before, mark = _parts(text)
    except (ValueError, binascii.Error) as error:
        raise InvalidInput("That is not a cursor of this server", next_step=NEXT_STEP) from error
    if mark != fingerprint(question):
        raise InvalidInput("The cursor belongs to another repository or other filters", next_step=NEXT_STEP)
    return Position(page, size, before)


def _parts(text: str) -> tuple[int, int, int, str]:
    if len(text) > LONGEST:
        raise ValueError("too long")
    # `validate`, as the decoder otherwise skips characters that are not of the alphabet.
    data = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    # Types exactly: `true` is an int for isinstance.
    if not isinstance(data, list) or [type(item) for item in data] != [int, int, int, str]:
        raise ValueError("not the parts of a cursor")
    page, size, before, mark = data
    if not (1 <= page <= FURTHEST_PAGE and 1 <= size <= LARGEST_PAGE and 1 <= before <= LARGEST):
        raise ValueError("out of range")
    return page, size, before, mark
