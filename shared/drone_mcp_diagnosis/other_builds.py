"""Looks for a failure in other builds: the last good run of the same step, the target branch before the commit.

At most twelve requests, whatever the repository: whether our token may read it, the newest build of the default branch,
three builds of which this one is a restart, three pages of builds, two builds, two logs. The first is cached for a
minute, the store may have the builds, and most builds are no restarts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.refs import history_branch
from drone_mcp_client.errors import NotFound, ServiceError
from drone_mcp_diagnosis.build_history import (
    BEFORE_PAGE,
    builds_before,
    first_numbers,
    is_good_before,
    is_same_commit,
    same_step,
)
from drone_mcp_diagnosis.step_reader import StepReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ci_mcp_logs.log_text import LogText
    from drone_mcp_build.failed_steps import StepRef
    from drone_mcp_client.models import Build
    from drone_mcp_diagnosis.live_log import Pace
    from drone_mcp_known.client_and_store import KnownAccess
    from drone_mcp_known.known import Observation


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


@dataclass(frozen=True, slots=True)
class OtherRun:
    """The same step in another build: `ref` is None where that has no such step, `text` where it was not read."""

    build: Build
    ref: StepRef | None = None
    text: LogText | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """The runs of the step in other builds.

    Attributes:
        branch: where the change goes: a pull request's target, for a push the default branch.
        good: the last good run of the step before this build.
        target: the builds of `branch` around this commit.
        other: the one before it, with the same step.
        trouble: why the other builds could not be read.
    """

    branch: str = ""
    good: OtherRun | None = None
    target: TargetHistory = NOTHING_AROUND
    other: OtherRun | None = None
    trouble: str = ""


NO_PAST = Past()


def history_around(build: Build, first: int, listed: Sequence[Build]) -> TargetHistory:
    """Choose from `listed`, the builds of a branch, newest first; `first` is the first known build of the commit."""
    # A deployment runs other pipelines than a push to the same branch.
    comparable = [
        other
        for other in listed
        if other.number != build.number
        and (
            _DEPLOYMENTS.isdisjoint({other.event, build.event})
            or (other.event, other.deploy_to) == (build.event, build.deploy_to)
        )
    ]
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


class OnTarget(NamedTuple):
    """The answer, and a sentence that says it; "" where nothing was looked at."""

    answer: Literal["yes", "no", "maybe", "unknown", ""] = ""
    text: str = ""


def compare_with_target(past: Past, build: Build, own: str, others: str) -> OnTarget:
    """Compare a failure with the target branch before its commit; `own` and `others` are their signatures."""
    if not past.branch:
        return OnTarget("", past.trouble)
    branch = clean_name(past.branch)
    run, rest = past.other, _describe_rest(past)
    if run is None:
        return OnTarget("unknown", f"unknown: no build of {branch} before this commit passed or failed{rest}")
    answer: Literal["yes", "no", "maybe"] = "no"
    if run.build.status == "success":
        # What did not end by itself shows nothing, but its commit may have brought the failure.
        between = ", ".join(f"#{build.number}" for build in past.target.between[:3])
        how = f"is good, so it is new here{f' or in {between}' if between else ''}"
    elif run.ref is None or not run.ref.failed:
        how = "fails at something else"
    elif not own or not others:
        answer, how = "maybe", "fails in the same step"
    elif own == others:
        answer, how = "yes", "fails in the same way, so it is not (only) this change"
    else:
        how = "fails in the same step, but otherwise"
    # On the branch itself the build before is the previous one; a pull request or another branch only goes to it.
    is_own = history_branch(build) == past.branch and build.event != "pull_request"
    there = f"{branch}'s {'previous build' if is_own else 'newest build before it,'} #{run.build.number}"
    return OnTarget(answer, f"{answer}: {there}{'' if is_own else ','} {how}{rest}")


def _describe_rest(past: Past) -> str:
    """Describe further evidence: a pass of the same commit, the state of the branch since, the last good run."""
    target, good, parts = past.target, past.good, [""]
    if target.passed:
        parts.append(f"the same commit passed in #{target.passed.number}, so the change alone does not explain it")
    if good and good.ref and past.other and past.other.build.status != "success":
        parts.append(f"its last good run: #{good.build.number}")
    if target.after:
        state = "is good" if target.after.status == "success" else "fails as well"
        parts.append(f"{clean_name(past.branch)} since: #{target.after.number} {state}")
    return "; ".join(parts)


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
        """Return the runs in other builds; an error of Drone ends the search and is named in `trouble`."""
        own, number = history_branch(self.build), self.build.number
        if not own:
            return NO_PAST
        try:
            goal = own if self.build.event == "pull_request" else await self._default_branch() or own
            first = await self._first_of_commit()
            drone = await self.access.client()
            listed = await builds_before(drone, self.repo, first, own)
            on_goal = listed
            if goal != own:
                # The newest build of the branch that the change goes to, or a page where that is a later one.
                on_goal = [build for build in self.read.values() if history_branch(build) == goal]
                if not history_around(self.build, first, on_goal).before:
                    on_goal = list(await drone.build_page(self.repo, 1, BEFORE_PAGE, branch=goal))
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
