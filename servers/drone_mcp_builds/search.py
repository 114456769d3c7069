"""One search through a repository's builds: its request and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drone_mcp_build.iso_time import format_time
from drone_mcp_builds import criteria, cursor, list_rendering, walk
from drone_mcp_builds.formatting import join_names
from drone_mcp_builds.same_failure import BY_LOGS
from drone_mcp_builds.views import BuildList

if TYPE_CHECKING:
    from drone_mcp_builds.criteria import Criteria
    from drone_mcp_builds.cursor import Position
    from drone_mcp_builds.same_failure import SameFailure
    from drone_mcp_builds.stored_pages import Pages
    from drone_mcp_client.models import Build


@dataclass(frozen=True, slots=True)
class BuildSearch:
    """A search request.

    Attributes:
        branch, tag: filters that Drone applies.
        criteria: filters that this server applies.
        same_failure: looks up the builds with the signature of the criteria.
    """

    repo: str
    criteria: Criteria
    limit: int
    branch: str | None = None
    tag: str | None = None
    same_failure: SameFailure | None = None

    def question(self) -> dict[str, Any]:
        """Return the filters that a cursor is bound to: all but the limit."""
        return {"repo": self.repo, "branch": self.branch, "tag": self.tag, "local": self.criteria.given() or None}

    def start(self, text: str | None) -> Position:
        """Return the first position: behind a cursor, or at the newest build."""
        if text:
            return cursor.decode(text, self.question())
        # Where this server filters, most of a page is discarded, so pages are as large as Drone allows. Otherwise the
        # first page is the answer.
        return cursor.first_position(cursor.LARGEST_PAGE if self.criteria.given() else self.limit)

    async def run(self, pages: Pages, text: str | None, now: int) -> BuildList:
        """Search the pages; if the budget ends without a match, ask Drone's index of newest builds."""
        answer = await self._look(pages, text, now)
        return answer.model_copy(update={"source": pages.source, "as_of": format_time(int(pages.at))})

    async def _look(self, pages: Pages, text: str | None, now: int) -> BuildList:
        async def read(page: int, size: int) -> tuple[Build, ...]:
            if self.branch or self.tag:
                builds = await pages.filtered(page, size, self.branch, self.tag)
            else:
                builds = await pages.every(page, size)
            return await self._looked_up(builds)

        found = await walk.walk_pages(read, self._is_wanted, self.start(text), self.limit)
        if not found.builds and found.position and not text:
            index, builds = await self._ask_index(pages)
            if builds:
                shown, left_out = list_rendering.fit_builds(builds, now)
                looked_at = walk.describe_walk(found, whole=True)
                return BuildList(
                    repo=self.repo,
                    builds=shown,
                    looked_at=f"{looked_at}, without success; then Drone was asked for {index}",
                    left_out=left_out,
                    next_step=self._next_step(builds, None),
                )
        return self._answer(found, now, whole=not text)

    async def _looked_up(self, builds: tuple[Build, ...]) -> tuple[Build, ...]:
        if self.same_failure:
            await self.same_failure.look(build for build in builds if self.criteria.met_by(build))
        return builds

    def _is_wanted(self, build: Build) -> bool:
        return self.criteria.met_by(build) and (self.same_failure is None or self.same_failure.met_by(build))

    async def _ask_index(self, pages: Pages) -> tuple[str, list[Build]]:
        """Find a pull request or a branch whose builds are all older than the pages searched."""
        # Drone keeps the newest build of each pull request in an index (harness/drone v2.25.0, store/build/build.go),
        # and filters by the exact ref of a branch. It has no such help for other criteria.
        if self.criteria.pull_request is not None:
            index, builds = "its newest build of each pull request", await pages.drone.pulls(self.repo)
        elif self.criteria.branch is not None:
            index = "its builds of that branch"
            builds = await pages.filtered(1, cursor.LARGEST_PAGE, self.criteria.branch)
        else:
            return "", []
        return index, [build for build in await self._looked_up(builds) if self._is_wanted(build)][: self.limit]

    def _answer(self, found: walk.WalkResult, now: int, *, whole: bool) -> BuildList:
        builds = [build for build, _ in found.builds]
        shown, left_out = list_rendering.fit_builds(builds, now)
        # Builds that found no room are not lost: the cursor stands behind the last one that is shown.
        position = found.position if len(shown) == len(builds) else found.builds[len(shown) - 1][1]
        looked_at = walk.describe_walk(found, whole) if self.criteria.given() or not builds else ""
        return BuildList(
            repo=self.repo,
            builds=shown,
            looked_at=f"{looked_at}: {self.same_failure.describe()}" if self.same_failure else looked_at,
            left_out=left_out,
            cursor=cursor.encode(position, self.question()) if position else None,
            next_step=self._next_step(builds, position),
        )

    def _next_step(self, builds: list[Build], position: Position | None) -> str:
        if builds:
            failed = next((build.number for build in builds if build.status in criteria.FAILED), None)
            return f"drone_get_build with number {failed} shows what failed" if failed else ""
        if position:
            return "Nothing found so far: call again with cursor to look further back, or change the filters"
        if self.same_failure:
            return f"Builds that nobody has diagnosed are not known by signature: {BY_LOGS}"
        asked = [*self.criteria.given(), *(name for name in ("branch", "tag") if getattr(self, name))]
        return f"Nothing more to look at: call again without {join_names(asked)}" if asked else ""
