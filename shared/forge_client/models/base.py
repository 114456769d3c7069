"""The base of the models: how they read fields that forges leave out.

The models are those of any forge. As aliases their fields have the names of Gitea, Forgejo and GitHub, whose JSON is
nearly the same; a client of another forge makes them by the names of the fields.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, AliasPath, BaseModel, BeforeValidator, ConfigDict, Field

T = TypeVar("T")


def _never(moment: datetime | None) -> datetime | None:
    # Go's zero time (golang/go, src/time/time.go), which Gitea sends for what has not happened.
    return None if moment is None or moment.year == 1 else moment


Moment = Annotated[datetime | None, AfterValidator(_never)]
"""A time with its zone, which is the server's or a commit's own: compare instants, never texts."""

Many = Annotated[tuple[T, ...], BeforeValidator(lambda value: () if value is None else value)]
"""A list, for which Go writes `null` where it is nil."""

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
"""A text, "" where the forge has `null`."""


def nested(first: str, *path: str | int) -> Any:
    """Return the field of a text that lies deeper in the answer; "" where anything on the way is missing or null."""
    return Field(default="", validation_alias=AliasPath(first, *path))


class ForgeModel(BaseModel):
    """The base: immutable, ignores unknown fields, and builds its validator on first use, to start fast."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, defer_build=True, validate_by_name=True, validate_by_alias=True
    )


class Page(ForgeModel, Generic[T]):
    """One page of a list.

    Attributes:
        total: how many items all pages have; None where the forge does not say so.
        next_page: the number of the next page, None where this is the last one.
    """

    items: Many[T] = ()
    total: int | None = None
    next_page: int | None = None
