"""Finds since when a branch fails, and since when it fails in this way. Pure.

Builds come in the order of their commits, newest first, so that a restart stands where its commit does. A good one
passed, a bad one failed; one that was stopped, skipped or has not ended says nothing, but the change that broke the
branch may have come with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from drone_mcp_client.models import Build


class Outcome(Enum):
    """Whether a build passed, failed, or is no evidence."""

    GOOD = "good"
    BAD = "bad"
    NOTHING = "says nothing"


_OUTCOMES: Final = {"success": Outcome.GOOD, "failure": Outcome.BAD, "error": Outcome.BAD}


def outcome_of(build: Build) -> Outcome:
    """Return the outcome of a build as a whole."""
    return _OUTCOMES.get(build.status, Outcome.NOTHING)


@dataclass(frozen=True, slots=True)
class Streak:
    """The failures in a row up to the newest build that passed or failed, and the builds around them.

    Attributes:
        bad: those in a row, newest first; empty where the newest build that passed or failed is good.
        last_good: the good one before them; None where none was found.
        silent: all that neither passed nor failed since `last_good`.
        between: those of them before the first bad one.
        older: those before `last_good`.
    """

    bad: tuple[Build, ...] = ()
    last_good: Build | None = None
    silent: tuple[Build, ...] = ()
    between: tuple[Build, ...] = ()
    older: tuple[Build, ...] = ()

    @property
    def newest(self) -> Build | None:
        """The newest build that says something."""
        return self.bad[0] if self.bad else self.last_good


def streak_of(builds: Sequence[Build], judge: Callable[[Build], Outcome]) -> Streak:
    """Return the last good build and the failures since."""
    outcomes = [judge(build) for build in builds]
    end = outcomes.index(Outcome.GOOD) if Outcome.GOOD in outcomes else len(builds)
    bad = [index for index in range(end) if outcomes[index] is Outcome.BAD]
    first = bad[-1] + 1 if bad else 0
    return Streak(
        bad=tuple(builds[index] for index in bad),
        last_good=builds[end] if end < len(builds) else None,
        silent=tuple(builds[index] for index in range(end) if outcomes[index] is Outcome.NOTHING),
        between=tuple(builds[first:end]) if bad else (),
        older=tuple(builds[end + 1 :]),
    )


async def first_alike(bad: Sequence[Build], alike: Callable[[Build], Awaitable[bool | None]], affordable: int) -> Build:
    """Return the oldest of `bad` (newest first, the newest being the failure itself) that fails as the newest does.

    All are looked at where `affordable` is enough; else the middle of what is left, over and over, which finds the
    first one if those alike stand together. None from `alike` (not known) counts as unlike.
    """
    if len(bad) - 1 <= affordable:
        found = [build for build in bad[1:] if await alike(build)]
        return found[-1] if found else bad[0]
    # The usual case has one cause for the whole streak, and takes one look.
    if await alike(bad[-1]):
        return bad[-1]
    same, other = 0, len(bad) - 1
    while other - same > 1:
        middle = (same + other) // 2
        same, other = (middle, other) if await alike(bad[middle]) else (same, middle)
    return bad[same]


def kept_rows(builds: Sequence[Build], telling: Sequence[int], most: int) -> list[Build | int]:
    """Choose `most` builds to list: those of the numbers in `telling`, the first of them first, then the newest.

    Counts stand where builds are left out.
    """
    ranked = dict.fromkeys((*telling, *(build.number for build in builds)))
    wanted = set(list(ranked)[:most])
    rows: list[Build | int] = []
    for build in builds:
        if build.number in wanted:
            rows.append(build)
        elif rows and isinstance(rows[-1], int):
            rows[-1] += 1
        else:
            rows.append(1)
    return rows
