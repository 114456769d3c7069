"""The part that each failure has in the failure of its build. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

NEVER: Final = 1 << 62
"""Sorts a time that is not known behind all that are."""


class Part(StrEnum):
    """The part that a failure has in the failure of its build."""

    FIRST = "first"
    AFTER = "after"  # it began after the first had ended, so it may be a consequence
    BESIDE = "beside"  # it had begun before the first ended, so it cannot be a consequence
    STOPPED = "stopped"  # it ran when the build was stopped
    IGNORED = "ignored"  # the pipeline ignores failures of it


ROLES: Final = {
    Part.FIRST: "failed first",
    Part.AFTER: "failed after it, maybe because of it",
    Part.BESIDE: "failed in parallel to it",
    Part.STOPPED: "ran when the build was stopped",
    Part.IGNORED: "failed, but failures of it are ignored",
}
"""What an answer says of each part."""


def parts_of(times: Sequence[tuple[int, int]]) -> list[Part]:
    """Return the part of each failure, of which the first ended first; `times` are starts and ends, in any unit."""
    # A time that is equal counts as a possible consequence: CI systems round them.
    return [
        Part.FIRST if index == 0 else Part.AFTER if started >= times[0][1] else Part.BESIDE
        for index, (started, _) in enumerate(times)
    ]
