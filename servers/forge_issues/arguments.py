"""The arguments that several tools take, and their limits.

Descriptions are short, because every request of an agent pays for them; limits of texts and lists are checked here and
in the client of the forge instead of in schemas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from ci_mcp_kit.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

Repo = Annotated[str | None, Field(description="owner/name or URL")]
Number = Annotated[int, Field(ge=1, description="1+")]
Which = Annotated[int | None, Field(ge=1, description="1+")]
Page = Annotated[int, Field(ge=1, description="1+")]
Standing = Annotated[Literal["open", "closed", "all"], Field(description="which")]
Login = Annotated[str | None, Field(description="login")]
Logins = Annotated[list[str] | None, Field(description="logins")]
Labels = Annotated[list[str] | None, Field(description="all of these")]
Milestone = Annotated[str | None, Field(description="title")]
Title = Annotated[str, Field(description="one line")]
Text = Annotated[str, Field(description="Markdown; fence log text")]
Once = Annotated[str | None, Field(description="key: a repeated call does nothing again")]
DryRun = Annotated[bool, Field(description="only rehearse")]
Confirmation = Annotated[str | None, Field(description="from NOT_CONFIRMED")]

MOST_NAMES: Final = 20
LONGEST_KEY: Final = 100  # characters


def check_names(names: Sequence[str] | None, what: str) -> tuple[str, ...]:
    """Return a list of names, () for none.

    Raises:
        InvalidInput: there are too many.
    """
    found = tuple(names or ())
    if len(found) > MOST_NAMES:
        raise InvalidInput(f"{what} has {len(found)} entries, and may have {MOST_NAMES}")
    return found


def check_key(once: str | None) -> str:
    """Return a key, "" for none.

    Raises:
        InvalidInput: it is blank or too long.
    """
    if once is not None and (not once.strip() or len(once) > LONGEST_KEY):
        raise InvalidInput(f"once is a key of 1 to {LONGEST_KEY} characters", next_step="Give a shorter key, or none")
    return once or ""
