"""Reads the newest builds of a repository, and reports steps that pass and fail without a change."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.cleaning import one_line
from ci_mcp_kit.concurrency import for_each
from ci_mcp_kit.token_count import count_tokens
from ci_mcp_logs.answers import bounded
from ci_mcp_logs.numbered_lines import room_of
from drone_mcp_logs.common.build_history import Chronicle, Requests
from drone_mcp_logs.common.build_summary import looked_at, short
from drone_mcp_logs.common.step_outcomes import runs_of
from drone_mcp_logs.common.steps import NAME
from drone_mcp_logs.flaky.flaky_steps import flaky_steps
from drone_mcp_logs.flaky.views import FlakyStepView, FlakyView

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from drone_mcp_client.models import Build
    from drone_mcp_known.access import KnownAccess
    from drone_mcp_logs.common.step_outcomes import StepRun
    from drone_mcp_logs.flaky.flaky_steps import FlakyStep, Mixed

    Report = Callable[[float, float | None, str | None], Awaitable[None]]

MOST_REQUESTS = 60  # in one call: a page of 100 builds or a build with its stages costs one
MOST_BUILDS = 500
DEFAULT_BUILDS = 50
_DAY = 86_400
_AT_ONCE = 20  # builds between two notes of progress
_STEPS = 10
_COMMITS = 4  # of a step, that are shown
_ROOM = 1_400  # tokens for steps: 2,000, less the rest of the answer
_ENDED = frozenset({"success", "failure", "error", "killed"})  # a skipped or declined build has run no step


@dataclass(frozen=True, slots=True)
class Window:
    """Which builds to look at: the newest `builds`, none older than `since` (Unix time; 0: any)."""

    builds: int
    since: float = 0

    @classmethod
    def of(cls, builds: int | None, days: int | None, now: float) -> Window:
        """Read the arguments: builds, days, or both."""
        most = builds or (MOST_BUILDS if days else DEFAULT_BUILDS)
        return cls(most, now - days * _DAY if days else 0)


async def find_flaky_steps(access: KnownAccess, repo: str, window: Window, report: Report) -> FlakyView:
    """Answer `drone_find_flaky_steps`.

    Raises:
        ServiceError: Drone cannot be asked.
    """
    chronicle = Chronicle(await access.client(), access.known, access.builds, repo, Requests(MOST_REQUESTS))
    listed = await _listed(chronicle, window)
    whole = await _whole(chronicle, listed, report)
    return answer(chronicle, listed, whole)


async def _listed(chronicle: Chronicle, window: Window) -> list[Build]:
    """List the builds of the window, newest first."""
    listed: list[Build] = []
    async with aclosing(chronicle.back()) as batches:
        async for batch in batches:
            fresh = [build for build in batch if build.created >= window.since]
            listed += fresh
            # Newest first, so that one that is too old is followed by older ones only.
            if len(fresh) < len(batch) or len(listed) >= window.builds:
                break
    return listed[: window.builds]


async def _whole(chronicle: Chronicle, listed: Sequence[Build], report: Report) -> list[Build | None]:
    """Read the builds with their stages, newest first, as far as requests last: None stands for one that was not."""
    found: list[Build | None] = []
    for start in range(0, len(listed), _AT_ONCE):
        found += await for_each(listed[start : start + _AT_ONCE], lambda build: _read(chronicle, build))
        await report(len(found), len(listed), f"{len(found)} of {len(listed)} builds read")
        if None in found:  # no request is left
            break
    return found


async def _read(chronicle: Chronicle, build: Build) -> Build | None:
    """Return a build with its stages, or as it is if it ran no step."""
    return await chronicle.whole(build) if build.status in _ENDED else build


def answer(chronicle: Chronicle, listed: Sequence[Build], read: Sequence[Build | None]) -> FlakyView:
    """Write the answer. Only the builds down to the first one that was not read count, so that rates are unbiased."""
    end = read.index(None) if None in read else len(read)
    builds = [build for build in read[:end] if build]
    found = flaky_steps(builds)
    steps = _that_fit([_step(one) for one in found[:_STEPS]])
    return FlakyView(
        repo=chronicle.slug,
        summary=_summary(found, builds),
        steps=tuple(steps),
        looked_at=looked_at(len(builds), chronicle),
        left_out=_left_out(len(found) - len(steps), len(listed) - len(builds)),
        next_step=_next_step(found),
    )


def _summary(found: Sequence[FlakyStep], builds: Sequence[Build]) -> str:
    commits = len({build.after for build in builds})
    again = len(builds) - commits
    if found:
        steps = f"{len(found)} step{'s' if len(found) > 1 else ''}"
        return f"{steps} passed and failed on the same commit, in {len(builds)} builds of {commits} commits"
    if not any(any(True for _ in runs_of(build)) for build in builds):
        return "no step ran in the builds looked at"
    seen = "a commit was built more than once" if again else "no commit was built twice, so that nothing could show it"
    return f"no step passed and failed on the same commit, in {len(builds)} builds of {commits} commits; {seen}"


def _step(one: FlakyStep) -> FlakyStepView:
    lines = [_evidence(mixed) for mixed in one.mixed]
    more = (f"and {len(lines) - _COMMITS} more commits",) if len(lines) > _COMMITS else ()
    return FlakyStepView(
        name=_named(one),
        failed=one.failed,
        runs=one.runs,
        percent=_percent(one.failed / one.runs),
        low=_percent(one.low),
        high=_percent(one.high),
        ignored=one.ignored or None,
        commits=len(one.mixed),
        builds=(*bounded(lines[:_COMMITS], _ROOM, room_of), *more),
    )


def _named(one: FlakyStep) -> str:
    return "/".join(one_line(name, NAME) for name in one.name)


def _percent(rate: float) -> float:
    return round(100 * rate, 1)


def _evidence(mixed: Mixed) -> str:
    """Describe the runs on one commit: at most three of each kind, oldest first."""
    failed = [run for run in mixed.runs if not run.passed][:3]
    passed = [run for run in mixed.runs if run.passed][:3]
    shown = sorted((*failed, *passed), key=lambda run: run.build.number)
    more = len(mixed.runs) - len(shown)
    rest = f", {more} more runs" if more else ""
    return f"{short(mixed.commit)}: {', '.join(map(_describe_run, shown))}{rest}"


def _describe_run(run: StepRun) -> str:
    build = run.build
    ended = "passed" if run.passed else f"failed (exit {run.exit_code})" if run.exit_code else "failed"
    of = f"restart of #{build.parent}" if build.parent else one_line(build.event, 20)
    return f"#{build.number} {ended} ({of})"


def _that_fit(steps: Sequence[FlakyStepView]) -> list[FlakyStepView]:
    room, kept = _ROOM, list[FlakyStepView]()
    for step in steps:
        room -= count_tokens(step.model_dump_json())
        if room < 0 and kept:  # the first is shown whatever its size
            break
        kept.append(step)
    return kept


def _left_out(steps: int, builds: int) -> str:
    parts = [f"{steps} more steps"] if steps else []
    if builds:
        parts += [f"{builds} older builds: one call sends at most {MOST_REQUESTS} requests"]
    return "; ".join(parts)


def _next_step(found: Sequence[FlakyStep]) -> str:
    """Propose to look at the newest commit on which the first step passed and failed."""
    if not found:
        return ""
    runs = found[0].mixed[0].runs
    bad = next(run for run in reversed(runs) if not run.passed).build.number
    good = next(run for run in reversed(runs) if run.passed).build.number
    return f"drone_compare_builds with a {bad} and b {good} shows what differs where the code does not"
