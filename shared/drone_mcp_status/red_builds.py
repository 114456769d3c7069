"""Red and waiting builds, from the builds of a repository. Pure."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_build.build_wording import clean_name, title_of
from drone_mcp_build.failed_steps import failures_that_count, step_refs
from drone_mcp_build.refs import branch_of, pull_request_of, tag_of
from drone_mcp_client import status
from drone_mcp_status.page_data import RedRef, ShownBuild, WaitingBuild

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_client.models import Build

TITLE_WIDTH: Final = 100
FAILED: Final = frozenset({"failure", "error"})
# A build that was stopped, declined or skipped says nothing about its branch.
_VERDICTS: Final = FAILED | {"success"}


def red_refs(slug: str, builds: Iterable[Build], server: str) -> list[RedRef]:
    """Return the branches, tags, pull requests and targets that are red; `builds` of the repository, newest first."""
    histories: dict[str, list[Build]] = {}
    for build in builds:
        if build.status in _VERDICTS:
            histories.setdefault(_ref(build), []).append(build)
    red = []
    for history in histories.values():
        streak = list(takewhile(lambda build: build.status in FAILED, history))
        if streak:
            first, is_exact = streak[-1], len(streak) < len(history)
            newest = show(slug, history[0], server)
            red.append(RedRef(newest, first.number, first.started or first.created, is_exact))
    return red


def waiting_build(slug: str, build: Build, server: str) -> WaitingBuild | None:
    """Return the build as one that has not ended; None if it has."""
    if status.is_final(build.status):
        return None
    shown = show(slug, build, server)
    if status.is_held(build):
        return WaitingBuild(shown, "approval", build.created)
    if build.started:
        return WaitingBuild(shown, "steps", build.started)
    return WaitingBuild(shown, "runner", build.created)


def show(slug: str, build: Build, server: str) -> ShownBuild:
    """Return what the page shows of a build, with the step that failed first or the one that runs."""
    step = next((ref.name for ref in step_refs(build) if ref.step.status == "running"), "")
    if status.is_final(build.status):
        failures = failures_that_count(build)
        step = failures[0].name if failures else one_line(build.error, TITLE_WIDTH)
    return ShownBuild(
        repo=one_line(slug),
        repo_id=build.repo_id,
        number=build.number,
        ref=_ref(build),
        title=title_of(build, TITLE_WIDTH),
        author=clean_name(build.author_login or build.author_name),
        step=step,
        # Each part quoted, so that no name can lead to another address.
        url=f"{server}/{quote(slug)}/{build.number}" if server else "",
    )


def _ref(build: Build) -> str:
    if build.deploy_to:
        return f"deployment to {clean_name(build.deploy_to)}"
    pull = pull_request_of(build)
    if pull is not None:
        return f"pull request {pull}"
    tag = tag_of(build)
    return f"tag {clean_name(tag)}" if tag else clean_name(branch_of(build))
