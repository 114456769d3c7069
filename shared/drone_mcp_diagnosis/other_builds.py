"""Looks for a failure in other builds: the last good run of the same step, the target branch before the commit.

At most twelve requests, whatever the repository: whether our token may read it, the newest build of the default branch,
three builds of which this one is a restart, three pages of builds, two builds, two logs. The first is cached for a
minute, the store may have the builds, and most builds are no restarts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drone_mcp_build.refs import history_branch
from drone_mcp_client.errors import NotFound, ServiceError
from drone_mcp_diagnosis.build_history import BEFORE_PAGE, builds_before, is_good_before, same_step
from drone_mcp_diagnosis.commit_order import is_same_commit
from drone_mcp_diagnosis.step_reader import StepReader
from drone_mcp_diagnosis.target_branch import BROKEN, NO_PAST, OtherRun, Past, history_around

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_build.failed_steps import StepRef
    from drone_mcp_client.models import Build
    from drone_mcp_diagnosis.live_log import Pace
    from drone_mcp_known.access import KnownAccess
    from drone_mcp_known.known import Observation

_MOST_PARENTS = 3  # each may cost a request


@dataclass(slots=True)
class Historian:
    """Looks back from one build, at the step `ref` of it."""

    access: KnownAccess
    repo: str
    build: Build
    ref: StepRef
    pace: Pace
    newest: Observation | None = None  # the newest build, where it has been read
    read: dict[int, Build] = field(default_factory=dict)  # whole builds by number

    async def look_back(self) -> Past:
        """Return what was found; an error of Drone ends the search and is named in `trouble`."""
        own, number = history_branch(self.build), self.build.number
        if not own:
            return NO_PAST
        try:
            goal = own if self.build.event == "pull_request" else await self._default_branch() or own
            first = await self._first_of_commit()
            drone = await self.access.client()
            listed = await builds_before(drone, self.repo, first, own)
            on_goal = listed if goal == own else await self._list_goal(goal, first)
            alike = [build.number for build in (*listed, *on_goal) if is_same_commit(build, self.build)]
            target = history_around(self.build, min(first, *alike, number), on_goal)
            good = next((build for build in listed if is_good_before(build, number)), None)
            # A new branch has no good build yet, but it began at the default branch.
            if good is None and goal != own and target.before and target.before.status == "success":
                good = target.before
            good_run = await self._run(good, lambda ref: ref.step.status == "success") if good else None
            # Of a good build before the commit no log is needed.
            other = OtherRun(target.before) if target.before else None
            if target.before and target.before.status in BROKEN:
                other = await self._run(target.before, lambda ref: ref.failed)
            return Past(goal, good_run, target, other)
        except ServiceError as error:
            return Past(trouble=f"other builds could not be read: {error.message}")

    async def _first_of_commit(self) -> int:
        """Return the number of the build that this one is a restart of, over several restarts; else its own."""
        build = self.build
        for _ in range(_MOST_PARENTS):
            if not 0 < build.parent < build.number:
                break
            try:
                build = (await self.access.builds.build(self.repo, build.parent)).build
            except NotFound:
                return build.parent  # it was purged
        return build.number

    async def _list_goal(self, goal: str, first: int) -> list[Build]:
        """List builds of the branch that a change goes to: its newest one, or a page where that is a later one."""
        newest = [build for build in self.read.values() if history_branch(build) == goal]
        if history_around(self.build, first, newest).before:
            return newest
        return list(await (await self.access.client()).build_page(self.repo, 1, BEFORE_PAGE, branch=goal))

    async def _default_branch(self) -> str:
        """Return the branch of the newest build of the default branch; "" where that has no builds."""
        newest = self.newest or await self.access.builds.newest_of_default_branch(self.repo)
        if newest is None or newest.of_any_ref:  # a build of some other ref says nothing about the default branch
            return ""
        self.read[newest.build.number] = newest.build
        return history_branch(newest.build)

    async def _run(self, build: Build, wanted: Callable[[StepRef], bool]) -> OtherRun:
        """Return the step in another build, with its log if it is `wanted`."""
        if build.number not in self.read:
            self.read[build.number] = (await self.access.builds.build(self.repo, build.number)).build
        whole = self.read[build.number]
        ref = same_step(whole, self.ref)
        if ref is None or not wanted(ref):
            return OtherRun(whole, ref)
        reader = StepReader(await self.access.client(), self.repo, build.number, self.pace)
        return OtherRun(whole, ref, (await reader.read(ref)).text)
