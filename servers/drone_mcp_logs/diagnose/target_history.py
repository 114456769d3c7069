"""Chooses the builds of the target branch that show whether a commit brought its failure. Pure.

Only a build of an earlier commit can show that it did not: a later one contains the commit, and a restart is of the
commit itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drone_mcp_logs.common.commit_order import first_numbers, is_same_commit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import Build

BROKEN: Final = frozenset({"failure", "error"})
_TELLING: Final = BROKEN | {"success"}
_DEPLOYMENTS: Final = frozenset({"promote", "rollback"})


@dataclass(frozen=True, slots=True)
class TargetHistory:
    """The builds of a branch around a commit.

    Attributes:
        before: the newest build before the commit that passed or failed.
        between: those after it and before the commit that did neither, newest first.
        after: the newest build of a later commit that passed or failed.
        passed: an earlier build of the commit itself that passed.
    """

    before: Build | None = None
    between: tuple[Build, ...] = ()
    after: Build | None = None
    passed: Build | None = None


NOTHING_AROUND: Final = TargetHistory()


def history_around(build: Build, first: int, listed: Sequence[Build]) -> TargetHistory:
    """Choose from `listed`, the builds of a branch, newest first; `first` is the first known build of the commit."""
    comparable = [other for other in listed if other.number != build.number and _is_comparable(other, build)]
    others = [other for other in comparable if not is_same_commit(other, build)]
    place = first_numbers(others)
    earlier = [other for other in others if other.number < first]
    telling = next((index for index, other in enumerate(earlier) if other.status in _TELLING), len(earlier))
    later = (other for other in others if place[other.number] > first and other.status in _TELLING)
    own = (other for other in comparable if is_same_commit(other, build) and other.number < build.number)
    return TargetHistory(
        before=earlier[telling] if telling < len(earlier) else None,
        between=tuple(earlier[:telling]),
        after=next(later, None),
        passed=next((other for other in own if other.status == "success"), None),
    )


def _is_comparable(other: Build, build: Build) -> bool:
    """Whether both run the same pipelines, as a deployment runs others than a push to the same branch."""
    if _DEPLOYMENTS.isdisjoint({other.event, build.event}):
        return True
    return (other.event, other.deploy_to) == (build.event, build.deploy_to)
