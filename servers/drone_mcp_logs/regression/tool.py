"""Reads the builds of a branch, newest first, and finds since when it fails."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_mcp_kit.concurrency import AT_ONCE, for_each
from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.refs import history_branch
from drone_mcp_client.errors import InvalidInput, NotFound
from drone_mcp_diagnosis.build_history import Chronicle, Requests, newest_commit_first, placed
from drone_mcp_diagnosis.signer import Signer
from drone_mcp_diagnosis.step_outcomes import runs_of
from drone_mcp_diagnosis.steps import find
from drone_mcp_logs.regression.answer import Regression, answer
from drone_mcp_logs.regression.streak import Outcome, Streak, first_alike, outcome_of, streak_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from drone_mcp_build.access import BuildAddress
    from drone_mcp_client.models import Build
    from drone_mcp_diagnosis.live_log import Pace
    from drone_mcp_known.client_and_store import KnownAccess
    from drone_mcp_known.signature_store import Signed
    from drone_mcp_logs.regression.views import RegressionView

    Report = Callable[[float, float | None, str | None], Awaitable[None]]

MOST_REQUESTS = 40  # in one call
_MOST_BUILDS = 1_000
_MOST_SIGNED = 12  # builds of a streak that are all read; in longer ones the first alike is searched by halving
_MOST_BEFORE = 3  # failed builds before the last good one that are read
_A_SIGNATURE = 2  # requests: the build with its stages, the log


@dataclass(slots=True)
class RegressionSearch:
    """One search. Progress is reported in requests sent, of the most there may be."""

    chronicle: Chronicle
    signer: Signer
    report: Report
    newest: int | None = None  # of the builds that count
    reported: int = 0  # requests that had been sent at the last report
    judged: dict[int, Outcome] = field(default_factory=dict)
    signed: dict[int, Signed | None] = field(default_factory=dict)

    async def run(self) -> Regression:
        """Return the streak of failures, and which of them fail alike."""
        builds = await self._listed() if self.signer.step is None else await self._listed_by_step()
        streak = streak_of(newest_commit_first(builds), self._judge)
        if not streak.bad:
            return Regression(streak, count=len(builds))
        own = await self._sign(streak.bad[0])
        first = await self._first_seen(streak, own) if own else streak.bad[0]
        before = await self._seen_before(streak, own) if own else ()
        home = await self.chronicle.builds.home(self.chronicle.slug, streak.bad[0]) if streak.last_good else ""
        return Regression(streak, own or "", first, before, dict(self.signed), len(builds), home)

    def _judge(self, build: Build) -> Outcome:
        if self.signer.step is None:
            return outcome_of(build)
        return self.judged.get(build.number, Outcome.NOTHING)

    async def _listed(self) -> list[Build]:
        """List builds as far back as to the first good one."""
        builds: list[Build] = []
        async with aclosing(self.chronicle.back()) as batches:
            async for batch in batches:
                builds += [build for build in batch if self.newest is None or build.number <= self.newest]
                await self._tell(f"{len(builds)} builds listed")
                if len(builds) >= _MOST_BUILDS or any(outcome_of(build) is Outcome.GOOD for build in placed(builds)):
                    break
        return builds

    async def _listed_by_step(self) -> list[Build]:
        """List builds back to the first in which the step passed; each may cost a request, as lists have no steps."""
        builds: list[Build] = []
        async with aclosing(self.chronicle.back()) as batches:
            async for batch in batches:
                fresh = [build for build in batch if self.newest is None or build.number <= self.newest]
                builds += fresh
                if await self._find_good(fresh, builds):
                    break
        return builds

    async def _find_good(self, builds: Sequence[Build], listed: Sequence[Build]) -> bool:
        """Judge builds, those of `listed` that are new, by the step until it passed; return whether the search is over.

        A restart of a commit before those listed does not end it: the first failure may be of a commit in between.
        """
        ended = newest_commit_first(build for build in builds if outcome_of(build) is not Outcome.NOTHING)
        for start in range(0, len(ended), AT_ONCE):
            await for_each(ended[start : start + AT_ONCE], self._judge_step)
            await self._tell(f"down to build {ended[start].number}")
            if Outcome.GOOD in map(self._judge, placed(listed)) or not self.chronicle.requests.left:
                return True
        return False

    async def _judge_step(self, build: Build) -> None:
        whole = await self.chronicle.whole(build)
        run = dict(runs_of(whole)).get(self.signer.step or ("", "")) if whole else None
        if run is not None:
            self.judged[build.number] = Outcome.GOOD if run.passed else Outcome.BAD

    async def _first_seen(self, streak: Streak, own: str) -> Build:
        # As if none were stored: whether a signature is shows only when it is read.
        affordable = min(_MOST_SIGNED, self.chronicle.requests.left // _A_SIGNATURE)

        async def alike(build: Build) -> bool:
            return await self._sign(build) == own

        return await first_alike(streak.bad, alike, affordable)

    async def _seen_before(self, streak: Streak, own: str) -> tuple[int, ...]:
        """Look for the same failure before the last good build: in all stored signatures, and in a few logs."""
        bad = [build for build in streak.older if self._judge(build) is Outcome.BAD]
        found: list[int] = []
        for index, build in enumerate(bad):
            kept = await self.signer.kept.read(self.chronicle.slug, build)
            if kept or index < _MOST_BEFORE:
                found += [build.number] if await self._sign(build) == own else []
        return tuple(found)

    async def _sign(self, build: Build) -> str | None:
        if build.number not in self.signed:
            self.signed[build.number] = await self.signer.sign(build)
            await self._tell(f"build {build.number} read")
        found = self.signed[build.number]
        return found.signature if found else None

    async def _tell(self, message: str) -> None:
        """Report progress if there is any, as it must increase with each report.

        Source: MCP specification 2025-11-25, basic/utilities/progress.
        """
        requests = self.chronicle.requests
        if requests.sent > self.reported:
            self.reported = requests.sent
            await self.report(requests.sent, requests.most, message)


async def find_regression(
    access: KnownAccess, what: BuildAddress, branch: str | None, pace: Pace, report: Report
) -> RegressionView:
    """Answer `drone_find_regression`; a number in `what` is the newest build that counts.

    Raises:
        NotFound: there is no such repository, build or step.
        ServiceError: Drone cannot be asked.
    """
    drone = await access.client()
    chronicle = Chronicle(drone, access.known, access.builds, what.repo, Requests(MOST_REQUESTS))
    if branch:
        chronicle.branch = branch.strip().removeprefix("refs/heads/")
    elif what.number is not None:
        chronicle.branch = history_branch(await _ask(chronicle, what.number))
    else:
        chronicle.branch = (await access.known.repo(what.repo) or await drone.repo(what.repo)).default_branch
    signer = Signer(chronicle, access.signatures, pace)
    if what.step:
        signer = Signer(chronicle, access.signatures, pace, await _named(chronicle, what))
    found = await RegressionSearch(chronicle, signer, report, what.number).run()
    return answer(found, chronicle, "/".join(signer.step or ()))


async def _ask(chronicle: Chronicle, number: int) -> Build:
    chronicle.requests.take()
    return (await chronicle.builds.build(chronicle.slug, number)).build


async def _named(chronicle: Chronicle, what: BuildAddress) -> tuple[str, str]:
    """Return the names of stage and step, which stay the same while numbers change."""
    build = await _ask(chronicle, what.number) if what.number else await _newest_with_steps(chronicle)
    stage, step = what.stage or None, what.step or ""
    if stage is None and "/" in step:
        stage, _, step = step.partition("/")
    try:
        ref = find(build, stage, step)[0]
    except InvalidInput as error:
        raise InvalidInput(error.message, next_step="Call again with step as stage/step") from error
    return ref.stage.name, ref.step.name


async def _newest_with_steps(chronicle: Chronicle) -> Build:
    """Return the newest build of the branch that has come to an end with steps."""
    page = await chronicle.drone.build_page(chronicle.slug, 1, 25, branch=chronicle.branch)  # 25 is Drone's default
    chronicle.requests.take()
    for build in page:
        # A build with an error of its own failed at its trigger, and has no steps.
        if outcome_of(build) is not Outcome.NOTHING and not build.error:
            return await chronicle.whole(build) or build
    raise NotFound(
        f"{chronicle.slug} has no finished build of {clean_name(chronicle.branch)!r} among its newest",
        next_step="Call again with the branch that is meant",
    )
