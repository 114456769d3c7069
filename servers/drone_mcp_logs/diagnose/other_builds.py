"""Looks for a failure in other builds: the last good run of the same step, the newest build of the target branch.

At most eight requests, whatever the repository: whether our token may read it, the newest build of the default branch,
two pages of builds, two builds, two logs. The store saves the first of them within a minute, and builds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_mcp_kit.cleaning import one_line
from drone_mcp_build.refs import history_branch
from drone_mcp_client.errors import ServiceError
from drone_mcp_client.status import is_final
from drone_mcp_logs.common.earlier_builds import builds_before, is_good_before, same_step
from drone_mcp_logs.common.step_reader import StepReader
from drone_mcp_logs.common.steps import NAME

if TYPE_CHECKING:
    from ci_mcp_logs.log_text import LogText
    from drone_mcp_build.failed_steps import StepRef
    from drone_mcp_client.models import Build
    from drone_mcp_known.access import KnownAccess
    from drone_mcp_known.known import Observation
    from drone_mcp_logs.common.live_log import Pace

BROKEN = frozenset({"failure", "error"})


@dataclass(frozen=True, slots=True)
class Run:
    """The same step in another build: `ref` is None where that has no such step, `text` where it was not read."""

    build: Build
    ref: StepRef | None = None
    text: LogText | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What was found.

    Attributes:
        branch: where the change goes: a pull request's target, for a push the default branch.
        good: the last good run of the step before this build.
        other: the newest finished other build of `branch`.
        trouble: why the other builds could not be read.
    """

    branch: str = ""
    good: Run | None = None
    other: Run | None = None
    trouble: str = ""


NO_PAST = Past()


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
        try:
            return await self._look_back()
        except ServiceError as error:
            return Past(trouble=f"other builds could not be read: {error.message}")

    async def _look_back(self) -> Past:
        own = history_branch(self.build)
        if not own:
            return NO_PAST
        goal = own if self.build.event == "pull_request" else await self._default_branch() or own
        listed = await builds_before(await self.access.client(), self.repo, self.build.number, own)
        other = next((build for build in listed if is_final(build.status)), None) if goal == own else self._newest(goal)
        good = next((build for build in listed if is_good_before(build, self.build.number)), None)
        good = good or self._newest_good(goal)
        return Past(goal, await self._good_run(good), await self._failed_run(other))

    async def _default_branch(self) -> str:
        """Return the branch of the newest build of the default branch; "" where that has no builds."""
        newest = self.newest or await self.access.builds.newest_of_default_branch(self.repo)
        if newest is None or newest.of_any_ref:
            return ""
        self.read[newest.build.number] = newest.build
        return history_branch(newest.build)

    def _newest(self, branch: str) -> Build | None:
        ended = (build for build in self.read.values() if history_branch(build) == branch and is_final(build.status))
        return next((build for build in ended if build.number != self.build.number), None)

    def _newest_good(self, branch: str) -> Build | None:
        newest = self._newest(branch)
        return newest if newest and newest.status == "success" else None

    async def _good_run(self, build: Build | None) -> Run | None:
        if build is None:
            return None
        whole = await self._whole(build)
        ref = same_step(whole, self.ref)
        if ref is None or ref.step.status != "success":
            return Run(whole, ref)
        return Run(whole, ref, await self._text(whole, ref))

    async def _failed_run(self, build: Build | None) -> Run | None:
        """Read the step in the branch's newest build if that failed; of a good build no log is needed."""
        if build is None or build.status not in BROKEN:
            return Run(build) if build else None
        whole = await self._whole(build)
        ref = same_step(whole, self.ref)
        if ref is None or not ref.failed:
            return Run(whole, ref)
        return Run(whole, ref, await self._text(whole, ref))

    async def _whole(self, build: Build) -> Build:
        if build.number not in self.read:
            self.read[build.number] = (await self.access.builds.build(self.repo, build.number)).build
        return self.read[build.number]

    async def _text(self, build: Build, ref: StepRef) -> LogText | None:
        return (await StepReader(await self.access.client(), self.repo, build.number, self.pace).read(ref)).text


def stands_elsewhere(past: Past, build: Build, own: str, others: str) -> str:
    """Say whether the target branch has the same failure; `own` and `others` are signatures."""
    if past.other is None:
        return past.trouble or ("no other build to compare with" if past.branch else "")
    other = past.other.build
    there, is_newer = _called(past, build), other.number > build.number
    if other.status == "success":
        return f"no: {there} is good{'' if is_newer else ', so it is new here'}"
    since = f"; its last good run: #{past.good.build.number}" if past.good and past.good.ref else ""
    if other.status not in BROKEN:
        return f"unknown: {there} was {one_line(other.status, NAME)}{since}"
    return _compared(past.other, there, own, others) + since


def _called(past: Past, build: Build) -> str:
    number = past.other.build.number if past.other else 0
    is_before = history_branch(build) == past.branch and build.event != "pull_request" and number < build.number
    return f"{one_line(past.branch, NAME)}'s {'previous' if is_before else 'newest'} build #{number}"


def _compared(other: Run, there: str, own: str, others: str) -> str:
    if other.ref is None or not other.ref.failed:
        return f"no: {there} fails at something else"
    if not own or not others:
        return f"maybe: {there} fails in the same step"
    if own == others:
        return f"yes: {there} fails in the same way, so it is not (only) this change"
    return f"no: {there} fails in the same step, but otherwise"
