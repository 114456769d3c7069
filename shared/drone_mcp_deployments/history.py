"""Works out from lists of builds what was deployed where. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_build.build_wording import SHORT_COMMIT, TITLE_WIDTH, clean_name, title_of
from drone_mcp_build.guard.action import DEPLOYMENTS
from drone_mcp_build.refs import branch_of
from drone_mcp_client.status import is_final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import Build

MOST_COMMITS: Final = 20  # that an answer or a question names


def deployments_to(target: str, builds: Sequence[Build]) -> list[Build]:
    """Return the deployments of a target, in the order of `builds`."""
    return [build for build in builds if build.event in DEPLOYMENTS and build.deploy_to == target]


def is_in_place(deployment: Build | None, commit: str) -> bool:
    """Return whether a deployment has brought a commit to its target, or is about to."""
    if deployment is None or deployment.after != commit:
        return False
    return deployment.status == "success" or not is_final(deployment.status)


def find_last_good(history: Sequence[Build]) -> Build | None:
    """Return the newest deployment that succeeded with another commit than the newest one; `history` is newest first.

    A newest deployment that failed may have changed its target, so the one before it counts even if it has the same
    commit as none that runs.
    """
    return next((one for one in history[1:] if one.status == "success" and one.after != history[0].after), None)


def find_newest_green(branch: str, builds: Sequence[Build], *, after: int = 0) -> Build | None:
    """Return the newest green build of a branch itself, with a number above `after`; `builds` is newest first."""
    return next(
        (build for build in _own_builds(branch, builds) if build.status == "success" and build.number > after), None
    )


def find_source(deployment: Build, builds: Sequence[Build]) -> int:
    """Return the number of the build that a deployment goes back to, past restarts and promotions of promotions."""
    by_number = {build.number: build for build in builds}
    number = deployment.parent
    # A parent is always older (harness/drone v2.25.0, handler/api/repos/builds/promote.go), so this ends.
    while (parent := by_number.get(number)) and parent.event in DEPLOYMENTS and 0 < parent.parent < number:
        number = parent.parent
    return number


def name_commits(branch: str, builds: Sequence[Build], older: int, newer: int) -> tuple[str, ...]:
    """Name the commits of a branch that were built after build `older`, up to build `newer`, newest first."""
    between = [build for build in _own_builds(branch, builds) if older < build.number <= newer]
    by_commit = {build.after: build for build in reversed(between)}
    known = next((build.after for build in builds if build.number == older), "")
    named = []
    for build in (build for commit, build in reversed(by_commit.items()) if commit != known):
        author = clean_name(build.author_login or build.author_name)
        title = title_of(build, TITLE_WIDTH) or "without a title"
        named.append(f"{clean_name(build.after)[:SHORT_COMMIT]} {title}" + (f" ({author})" if author else ""))
    more = len(named) - MOST_COMMITS
    return (*named[:MOST_COMMITS], *((f"and {more} more",) if more > 0 else ()))


def _own_builds(branch: str, builds: Sequence[Build]) -> list[Build]:
    others = DEPLOYMENTS | {"pull_request"}
    return [build for build in builds if build.event not in others and branch_of(build) == branch]
