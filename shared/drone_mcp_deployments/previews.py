"""Works out from lists of builds which previews are open, which are over, and which are wanted. Pure.

A preview is a deployment to a target that `preview_names` makes of its branch. The newest deployment to the target says
how it stands: one with the stop parameter ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.guard.rules import matches
from drone_mcp_build.refs import branch_of, pull_request_of
from drone_mcp_client.status import is_final
from drone_mcp_deployments.preview_names import is_preview

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from drone_mcp_client.models import Build


@dataclass(frozen=True)
class Preview:
    """A preview; `deployment` is the newest one to its target, and `stops` whether that one ends it."""

    target: str
    branch: str
    deployment: Build
    stops: bool

    @property
    def is_open(self) -> bool:
        """Whether something may run there: also where the deployment that was to end it has failed."""
        status = self.deployment.status
        return not self.stops or (is_final(status) and status != "success")

    @property
    def state(self) -> str:
        """The state in a word or two."""
        status = self.deployment.status
        if not self.stops:
            return {"success": "open", "pending": "opening", "running": "opening"}.get(status, f"open ({status})")
        return "stop failed" if self.is_open else "stopped" if is_final(status) else "stopping"


def preview_branch(build: Build) -> str:
    """Return the branch that a preview of a build is of; "" where there is none, as for a tag.

    A build of a pull request is one of the branch that is to be merged.
    """
    branch = build.source if pull_request_of(build) is not None else branch_of(build)
    return "" if branch.startswith("refs/") else branch


def deployed_branch(target: str, build: Build) -> str:
    """Return the branch that a build is of when it is deployed to a target."""
    return preview_branch(build) if is_preview(target) else branch_of(build)


def is_stop(build: Build, stop: tuple[str, str]) -> bool:
    """Return whether a deployment ends a preview."""
    name, value = stop
    return is_preview(build.deploy_to) and build.params.get(name) == value


def read_previews(newest: Iterable[Build], stop: tuple[str, str]) -> tuple[Preview, ...]:
    """Return the previews among the newest deployments of all targets, stopped ones too, by target."""
    found = [
        Preview(build.deploy_to, preview_branch(build), build, is_stop(build, stop))
        for build in newest
        if is_preview(build.deploy_to)
    ]
    return tuple(sorted(found, key=lambda preview: preview.target))


def find_preview(previews: Iterable[Preview], name: str) -> Preview | None:
    """Return the preview of a target or of a branch; that of a branch may have stopped, if none is open."""
    found = [preview for preview in previews if name in {preview.target, preview.branch}]
    return max(found, key=lambda preview: (preview.is_open, preview.deployment.number), default=None)


def find_closed(repo: str, builds: Iterable[Build], open_pulls: Iterable[Build]) -> set[tuple[str, str]]:
    """Return the branches, with their commits, whose pull request was merged or closed.

    By commit, because a branch may be worked on afterwards, and get another preview.

    Args:
        repo: the repository; a pull request from a fork is of none of its branches.
        builds: known builds, among them those of pull requests.
        open_pulls: the newest build of each pull request, which Drone forgets when it is merged or closed
            (harness/drone v2.25.0, handler/web/hook.go).
    """
    still_open = {build.source for build in open_pulls if build.source_repo == repo}
    return {
        (build.source, build.after)
        for build in builds
        if pull_request_of(build) is not None and build.source_repo == repo and build.source not in still_open
    }


def find_wanted(
    builds: Sequence[Build],
    previews: Iterable[Preview],
    *,
    globs: Collection[str],
    closed: Collection[tuple[str, str]],
    since: float,
) -> list[Build]:
    """Return the builds for which a preview is to be opened: the newest push of its branch, green, and not there yet.

    A commit that was deployed or stopped in its preview is not opened again: that was somebody's decision.

    Args:
        builds: of the repository, newest first.
        previews: of the repository.
        globs: of the branches that get a preview.
        closed: branches and commits that get none, as their pull request was merged or closed.
        since: the Unix time before which a build is too old.
    """
    had = {(preview.branch, preview.deployment.after) for preview in previews}
    newest: dict[str, Build] = {}
    for build in builds:
        if build.event == "push" and (branch := preview_branch(build)):
            newest.setdefault(branch, build)
    return [
        build
        for branch, build in newest.items()
        if build.status == "success"
        and build.finished >= since
        and matches(globs, branch)
        and (branch, build.after) not in {*had, *closed}
    ]
