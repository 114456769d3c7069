"""Answers `drone_find_flaky_steps`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.token_count import count_tokens
from ci_mcp_logs.answer_text import bounded
from ci_mcp_logs.line_budget import room_of
from drone_mcp_build.build_wording import clean_name
from drone_mcp_diagnosis.flaky_evidence import describe_mixed
from drone_mcp_diagnosis.flaky_search import MOST_REQUESTS, search_flaky_steps
from drone_mcp_diagnosis.step_outcomes import runs_of
from drone_mcp_logs.common.build_line import looked_at
from drone_mcp_logs.flaky.views import FlakyStepView, FlakyView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import Build
    from drone_mcp_diagnosis.flaky_search import Report, Window
    from drone_mcp_diagnosis.flaky_steps import FlakyStep
    from drone_mcp_known.client_and_store import KnownAccess

_STEPS = 10
_COMMITS = 4  # of a step, that are shown
_ROOM = 1_400  # tokens for steps: 2,000, less the rest of the answer


async def find_flaky_steps(access: KnownAccess, repo: str, window: Window, report: Report) -> FlakyView:
    """Answer `drone_find_flaky_steps`.

    Raises:
        ServiceError: Drone cannot be asked.
    """
    search = await search_flaky_steps(access, repo, window, report)
    found, builds = search.steps, search.builds
    room, steps = _ROOM, list[FlakyStepView]()
    for step in map(_step, found[:_STEPS]):
        room -= count_tokens(step.model_dump_json())
        if room < 0 and steps:  # the first is shown whatever its size
            break
        steps.append(step)
    left_out = [f"{len(found) - len(steps)} more steps"] if len(found) > len(steps) else []
    if search.not_read:
        left_out.append(f"{search.not_read} older builds: one call sends at most {MOST_REQUESTS} requests")
    return FlakyView(
        repo=repo,
        summary=_summary(found, builds),
        steps=tuple(steps),
        looked_at=looked_at(len(builds), search.chronicle),
        left_out="; ".join(left_out),
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
    lines = [describe_mixed(mixed) for mixed in one.mixed]
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
    return "/".join(clean_name(name) for name in one.name)


def _percent(rate: float) -> float:
    return round(100 * rate, 1)


def _next_step(found: Sequence[FlakyStep]) -> str:
    """Propose to look at the newest commit on which the first step passed and failed."""
    if not found:
        return ""
    runs = found[0].mixed[0].runs
    bad = next(run for run in reversed(runs) if not run.passed).build.number
    good = next(run for run in reversed(runs) if run.passed).build.number
    return f"drone_compare_builds with a {bad} and b {good} shows what differs where the code does not"
