"""The tools: arguments in, one or few calls, a view out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from ci_mcp_kit.tools import tool
from drone_mcp_build.access import check_server, resolve_address
from drone_mcp_build.iso_time import format_time
from drone_mcp_builds import list_rendering, repo_list
from drone_mcp_builds.criteria import Criteria, Event, Status, branch_name, commit_prefix, tag_name
from drone_mcp_builds.same_failure import SameFailure, failure_signature
from drone_mcp_builds.search import BuildSearch
from drone_mcp_builds.stored_pages import Pages
from drone_mcp_builds.views import BuildList, BuildView, RepoList, WaitView
from drone_mcp_builds.waiting import WaitRequest
from drone_mcp_client.errors import InvalidInput
from drone_mcp_client.name_parsing import parse_build_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_builds.reading import ViewReader
    from drone_mcp_builds.waiting import Waiter
    from drone_mcp_known.client_and_store import KnownAccess

RepoArgument = Annotated[str | None, Field(description="owner/name or URL")]
BuildNumber = Annotated[int | None, Field(ge=1, description="1+; default: newest of the default branch")]
StatusArgument = Annotated[Status | None, Field(description="failed: failure or error")]
Author = Annotated[str | None, Field(description="login, name or e-mail")]
Cursor = Annotated[str | None, Field(description="from an earlier answer")]


class BuildTools:
    """All tools of this server. `clock` gives the Unix time."""

    def __init__(
        self, access: KnownAccess, reader: ViewReader, waiter: Waiter, clock: Callable[[], float] = time.time
    ) -> None:
        self._access = access
        self._clock = clock
        self._reader = reader
        self._waiter = waiter

    @tool(title="List repositories", schema="repo-list/1")
    async def drone_list_repos(
        self,
        name: Annotated[str | None, Field(description="part of owner/name, or a glob")] = None,
        include_inactive: Annotated[bool, Field(description="also those that are off")] = False,
        limit: Annotated[int, Field(ge=1, le=100, description="1 to 100")] = 30,
    ) -> RepoList:
        """Repositories that the token can see, each with its newest build; last built first."""
        drone = await self._access.client()
        every = await drone.repos(latest=True)
        seen = self._access.scope.only(every, lambda repo: repo.slug)
        return repo_list.list_matching(every, seen, repo_list.RepoFilter(name, include_inactive, limit))

    @tool(title="List builds", schema="build-list/1")
    async def drone_list_builds(
        self,
        repo: RepoArgument = None,
        status: StatusArgument = None,
        branch: Annotated[str | None, Field(description="with event pull_request: the target")] = None,
        event: Annotated[Event | None, Field(description="what started it")] = None,
        author: Author = None,
        limit: Annotated[int, Field(ge=1, le=50, description="1 to 50")] = 10,
        cursor: Cursor = None,
    ) -> BuildList:
        """Builds of a repository, newest first. A call searches up to 500; cursor goes on."""
        tag = tag_name(branch) if branch else None
        # The ref of a pull request names no branch, so Drone cannot filter by its target.
        into = branch_name(branch) if branch and event == "pull_request" else None
        search = BuildSearch(
            repo=resolve_address(self._access, repo).repo,
            criteria=Criteria(status=status, event=event, author=author, target=into),
            branch=branch_name(branch) if branch and not (into or tag) else None,
            tag=tag,
            limit=limit,
        )
        return await self._run(search, cursor)

    @tool(title="Get a build", schema="build/1")
    async def drone_get_build(
        self,
        repo: RepoArgument = None,
        number: BuildNumber = None,
    ) -> BuildView:
        """Status of a build: what failed first, approval, stages and steps, commit, links."""
        what = resolve_address(self._access, repo, number)
        return await self._reader.view(what.repo, what.number)

    @tool(title="Wait for a build", schema="build-wait/1")
    async def drone_wait_for_build(
        self,
        context: Context[Any, Any],
        repo: RepoArgument = None,
        number: BuildNumber = None,
        until: Annotated[Literal["finished", "change"], Field(description="what ends the wait")] = "finished",
        cursor: Cursor = None,
        # The TypeScript SDK gives a request up after 60 s (DEFAULT_REQUEST_TIMEOUT_MSEC); 15 s are left for Drone.
        max_seconds: Annotated[int, Field(ge=1, le=45, description="1 to 45")] = 45,
    ) -> WaitView:
        """Wait until a build ends or changes (since cursor); return its status and what changed."""
        what = resolve_address(self._access, repo, number)
        build = what.number or (await self._access.builds.newest(what.repo)).build.number
        request = WaitRequest(what.repo, build, until, cursor, max_seconds)
        return await self._waiter.wait(request, context.report_progress)

    @tool(title="Find builds", schema="build-list/1")
    async def drone_find_builds(
        self,
        repo: RepoArgument = None,
        commit: Annotated[str | None, Field(description="7 or more hex digits")] = None,
        branch: Annotated[str | None, Field(description="built, or source of a pull request")] = None,
        tag: Annotated[str | None, Field(description="exact name")] = None,
        pull_request: Annotated[int | None, Field(ge=1, description="number, 1+")] = None,
        author: Author = None,
        status: StatusArgument = None,
        signature: Annotated[str | None, Field(description="of a diagnosed failure")] = None,
        url: Annotated[str | None, Field(description="a build's page")] = None,
        limit: Annotated[int, Field(ge=1, le=50, description="1 to 50")] = 10,
        cursor: Cursor = None,
    ) -> BuildList:
        """Find builds by commit, branch, tag, pull request, author, status, failure or URL."""
        named = tag_name(branch) if branch else None
        tag, branch = (named, None) if named else (tag, branch)
        criteria = Criteria(
            status=status,
            author=author,
            pull_request=pull_request,
            branch=branch_name(branch) if branch else None,
            commit=commit_prefix(commit) if commit else None,
            signature=failure_signature(signature) if signature else None,
        )
        if url:
            return await self._by_url(url, repo, alone=not (criteria.given() or tag))
        if not (criteria.given() or tag):
            raise InvalidInput(
                "No criterion says which builds to find",
                next_step="Give a commit, branch, tag, pull_request, author, status, signature or url; "
                "drone_list_builds lists the newest",
            )
        slug = resolve_address(self._access, repo).repo
        same_failure = None
        if criteria.signature:
            same_failure = SameFailure(self._access.signatures, slug, criteria.signature)
            await same_failure.check()
        search = BuildSearch(
            repo=slug,
            criteria=criteria,
            tag=tag,
            same_failure=same_failure,
            limit=limit,
        )
        return await self._run(search, cursor)

    async def _run(self, search: BuildSearch, cursor: str | None) -> BuildList:
        pages = Pages(await self._access.client(), self._access.known, search.repo, self._clock)
        return await search.run(pages, cursor, self._now())

    async def _by_url(self, url: str, repo: str | None, *, alone: bool) -> BuildList:
        ref = parse_build_url(url)
        check_server(url, self._access.settings.server)
        slug = self._access.resolve_repo(str(ref.repo))
        if not alone or (repo and resolve_address(self._access, repo).repo != slug):
            raise InvalidInput(
                f"url names build {ref.number} of {slug} already", next_step="Leave out the other arguments"
            )
        found = await self._reader.find(slug, ref.number)
        at = f"; the address points at stage {ref.stage}" if ref.stage else ""
        at += f", step {ref.step}" if ref.step else ""
        return BuildList(
            repo=slug,
            builds=(list_rendering.build_line(found.build, self._now()),),
            source=found.source,
            as_of=format_time(int(found.at)),
            next_step=f"drone_get_build with number {ref.number} shows its stages and steps{at}",
        )

    def _now(self) -> int:
        return int(self._clock())
