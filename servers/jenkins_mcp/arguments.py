"""The arguments that several tools take."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from jenkins_mcp.client.names import build_segment


def _read_number(value: object) -> object:
    """Take a number where a text is asked for, which is how models often write one."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def read_build(text: str) -> int | str:
    """Return the number or the permalink that an argument names.

    Raises:
        InvalidInput: it is neither.
    """
    build = int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else text
    build_segment(build)
    return build


LONGEST_NUMBER = 10  # digits

Jenkins = Annotated[str | None, Field(description="which Jenkins")]
Job = Annotated[str, Field(description="full name or URL")]
BuildName = Annotated[str, BeforeValidator(_read_number), Field(description="number or name")]
Stage = Annotated[str | None, BeforeValidator(_read_number), Field(description="stage or step, number or name")]
Budget = Annotated[int, Field(description="200-20000", ge=200, le=20_000)]
