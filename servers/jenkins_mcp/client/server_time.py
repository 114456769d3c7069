"""Answers with the time at which Jenkins gave them: its clock and ours differ, and durations are by its own. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dated(Generic[T]):
    """An answer of Jenkins, and its time in milliseconds since 1970; None if it gave none."""

    value: T
    now: int | None


def parse_date(header: str) -> int | None:
    """Return the time of a Date header (RFC 9110, section 6.6.1) in milliseconds, None where it cannot be read."""
    try:
        return int(parsedate_to_datetime(header).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        return None
