"""The arguments that several tools take. Descriptions are short, because every request of an agent pays for them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Repo = Annotated[str | None, Field(description="owner/name or URL")]
Number = Annotated[int, Field(ge=1)]
Page = Annotated[int, Field(ge=1)]
Standing = Literal["open", "closed", "all"]
Names = Annotated[list[str] | None, Field(max_length=20)]
Title = Annotated[str, Field(min_length=1, max_length=255)]
Text = Annotated[str, Field(max_length=65_536, description="Markdown; fence log text")]
Once = Annotated[
    str | None,
    Field(min_length=1, max_length=100, description="any key: a call with the same key does nothing again"),
]
DryRun = Annotated[bool, Field(description="only rehearse")]
Confirmation = Annotated[str | None, Field(description="from NOT_CONFIRMED")]
