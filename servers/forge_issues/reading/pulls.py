"""Answers `drone_list_pull_requests` and `drone_get_pull_request`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput, ServiceError
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_logs.line_budget import new_nonce
from drone_mcp_client.status import is_failure, is_final
from forge_client.errors import RepositoryRenamed
from forge_client.name_lookup import find_users
from forge_issues.quoting import (
    BRANCH_WIDTH,
    LARGEST_ANSWER,
    NAME_WIDTH,
    SHORT_COMMIT,
    fit,
    name_labels,
    name_users,
    quote_text,
)
from forge_issues.reading.pull_lookup import FoundPull, find_pull, find_pull_of_build
from forge_issues.reading.views import CheckView, PullLine, PullList, PullView

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from drone_mcp_client.models import Build
    from forge_access.access import ForgeAccess
    from forge_client.forge import Forge
    from forge_client.models.base import Page
    from forge_client.models.pulls import Checks, PullRequest
    from forge_client.requests import PullFilter

# Tools of another server, which next steps name.
NEXT_TOOLS: Final[dict[str, str]] = json.loads(
    Path(__file__).parents[1].joinpath("next_tools.json").read_text(encoding="utf-8")
)
PAGE: Final = 15
LARGEST_LIST: Final = 800  # tokens of a page
BUILDS: Final = 100  # of the CI server's newest, among which those of the listed heads are looked for
TITLES: Final = (60, 40, 24, 12)  # characters of a title in a list, by how much room there is
TEXTS: Final = (2_500, 1_000, 400, 100)  # characters of a pull request's text, likewise
TITLE_WIDTH: Final = 200
MOST_CHECKS: Final = 12
MOST_REQUESTS: Final = 3


async def list_pulls(access: ForgeAccess, repo: str, wanted: PullFilter, page: int) -> PullList:
    """List a page of pull requests. At most two requests to the forge, labels and list, and one to the CI server."""

    async def ask(forge: Forge, name: str, *, is_brief: bool = False) -> PullList:
        spent = 1 + is_brief + bool(wanted.labels) + bool(wanted.milestone)
        if spent > MOST_REQUESTS:
            raise RepositoryRenamed(repo, name)
        try:
            found = await forge.pulls(name, wanted, page, PAGE)
        except InvalidInput as refused:
            if refused.status is not None and wanted.author and spent < MOST_REQUESTS:
                find_users([wanted.author], await forge.assignees(name))
            raise
        builds: Mapping[str, Build] = {}
        notes: tuple[str, ...] = ()
        if found.items and spent < MOST_REQUESTS:
            builds, notes = await _newest_builds(access, repo)
        elif found.items:
            notes = ("Their builds were not read, as the rest took three requests. Call with fewer filters",)
        return fit(partial(_list, name, wanted, found, builds, notes), TITLES, LARGEST_LIST)

    return await access.ask_forge(repo, ask, partial(ask, is_brief=True))


async def _newest_builds(access: ForgeAccess, repo: str) -> tuple[Mapping[str, Build], tuple[str, ...]]:
    """Return the newest build of each commit, among the newest of the repository."""
    try:
        newest = await (await access.client()).build_page(repo, 1, BUILDS)
    except ServiceError as error:
        # Pull requests can be listed without their builds.
        return {}, (f"Their builds could not be read: {one_line(error.message, 150)}",)
    return {build.after: build for build in reversed(newest)}, ()


def judge_build(build: Build) -> str:
    """Return how a build stands, in the words of checks."""
    if not is_final(build.status):
        return "pending"
    return "failing" if is_failure(build.status) or build.status == "declined" else "passing"


def _list(
    repo: str,
    wanted: PullFilter,
    found: Page[PullRequest],
    builds: Mapping[str, Build],
    notes: tuple[str, ...],
    width: int,
) -> PullList:
    lines = []
    for pull in found.items:
        build = builds.get(pull.head.sha)
        lines.append(
            PullLine(
                number=pull.number,
                title=one_line(pull.title, width),
                state=("merged" if pull.merged else pull.state) if wanted.state != "open" else "",
                author=one_line(pull.author, min(width, NAME_WIDTH)),
                head=one_line(pull.head.ref, width),
                base=one_line(pull.base.ref, width),
                draft=pull.draft or None,
                labels=name_labels(pull.labels, 2 if width > TITLES[-1] else 0, width // 2),
                checks=judge_build(build) if build else "",
                build=build.number if build else None,
            )
        )
    next_step = "" if lines else "No pull request matches; leave out a filter, or list state all"
    return PullList(
        repo=repo,
        pulls=tuple(lines),
        total=found.total,
        next_page=found.next_page,
        notes=notes,
        next_step=next_step,
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """How the pull request is named: by one of these."""

    number: int | None = None
    build: int | None = None
    commit: str | None = None
    branch: str | None = None


async def find_asked(
    access: ForgeAccess, forge: Forge, name: str, repo: str, asked: Asked, *, is_brief: bool
) -> FoundPull:
    """Return the pull request that is asked for; `repo` is its repository in the CI server, `name` on the forge.

    `is_brief` is whether one request has told the new name of the repository.
    """
    renamed_from = repo if is_brief else ""
    if asked.number is not None:
        return FoundPull(await forge.pull(name, asked.number), "")
    if asked.build is not None:
        build = (await access.builds.build(repo, asked.build)).build
        return await find_pull_of_build(forge, name, build, renamed_from=renamed_from)
    if asked.commit is not None:
        what = f"commit {asked.commit[:SHORT_COMMIT]}"
        return await find_pull(forge, name, commit=asked.commit, what=what, renamed_from=renamed_from)
    branch = asked.branch or ""
    return await find_pull(forge, name, branch=branch, what=f"branch {one_line(branch, BRANCH_WIDTH)}")


async def get_pull(access: ForgeAccess, repo: str, asked: Asked) -> PullView:
    """Read a pull request and its checks. At most three requests to the forge, and one to the CI server for a build."""

    async def ask(forge: Forge, name: str, *, is_brief: bool = False) -> PullView:
        found = await find_asked(access, forge, name, repo, asked, is_brief=is_brief)
        # The checks of a head that was found by the last of three requests are those of a merged pull request.
        most = MOST_REQUESTS - is_brief
        checks = await forge.checks(name, found.pull.head.sha) if found.requests < most else None
        show = partial(_show, name, found, checks, access.settings.server, new_nonce())
        return fit(show, TEXTS, LARGEST_ANSWER)

    return await access.ask_forge(repo, ask, partial(ask, is_brief=True))


def _show(repo: str, found: FoundPull, checks: Checks | None, server: str, nonce: str, width: int) -> PullView:
    pull = found.pull
    listed = tuple(_checks(checks, server)) if checks else ()
    same_repo = pull.head.repository.lower() == repo.lower()
    return PullView(
        repo=repo,
        number=pull.number,
        title=one_line(pull.title, TITLE_WIDTH),
        state="merged" if pull.merged else pull.state,
        found_by=found.how,
        head=one_line(pull.head.ref, BRANCH_WIDTH),
        head_repo="" if same_repo else one_line(pull.head.repository, BRANCH_WIDTH) or "a fork that was deleted",
        head_commit=pull.head.sha,
        base=one_line(pull.base.ref, BRANCH_WIDTH),
        author=one_line(pull.author, NAME_WIDTH),
        merge=pull.merge_state,
        moved_on=True if found.has_moved_on else None,
        checks=checks.outcome if checks else "",
        check_list=listed[:MOST_CHECKS],
        labels=name_labels(pull.labels, 10),
        milestone=one_line(pull.milestone.title, NAME_WIDTH) if pull.milestone else "",
        reviewers=name_users(pull.reviewers[:10]),
        changed_files=pull.changed_files,
        additions=pull.additions,
        deletions=pull.deletions,
        total_comments=pull.comments or None,
        body=quote_text(pull.body, nonce, width),
        page=one_line(pull.url, 300),
        notes=tuple(_notes(found, checks, len(listed))),
        next_step=_next_step(pull, listed),
    )


def _checks(checks: Checks, server: str) -> Iterable[CheckView]:
    """Return the checks, failing ones first; those of the CI server have the numbers of their builds."""
    builds = {status.context: status.target_url for status in checks.linked_below(server).statuses}
    order = {"failing": 0, "pending": 1, "passing": 2}
    for status in sorted(checks.statuses, key=lambda status: order[status.outcome]):
        number = re.search(r"/([1-9]\d{0,9})$", builds.get(status.context, ""), re.ASCII)
        yield CheckView(
            context=one_line(status.context, BRANCH_WIDTH),
            outcome=status.outcome,
            build=int(number[1]) if number else None,
            description="" if number else one_line(status.description, BRANCH_WIDTH),
        )


def _notes(found: FoundPull, checks: Checks | None, listed: int) -> Iterable[str]:
    if found.has_moved_on:
        yield f"Its head has moved on: {found.built[:SHORT_COMMIT]} is not its newest commit"
    if found.others:
        others = ", ".join(f"#{number}" for number in found.others[:5])
        yield f"Further open pull requests have this head: {others}"
    if checks is None:
        yield "Its checks were not read; call again with its number"
    elif listed > MOST_CHECKS:
        yield f"{listed - MOST_CHECKS} more checks are left out"


def _next_step(pull: PullRequest, checks: Iterable[CheckView]) -> str:
    failing = next((check.build for check in checks if check.outcome == "failing" and check.build), None)
    if failing:
        return f"{NEXT_TOOLS['diagnose']} with number {failing} says why; drone_get_pull_request_diff shows the change"
    return "" if pull.merged else "drone_get_pull_request_diff shows what it changes"
