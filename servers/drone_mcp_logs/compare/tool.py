"""Reads both builds and the logs of the failed step, and compares them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread

from ci_mcp_logs.line_budget import new_nonce
from drone_mcp_build.failed_steps import failures_that_count
from drone_mcp_build.refs import history_branch
from drone_mcp_client.errors import NotFound
from drone_mcp_diagnosis.build_history import builds_before, same_step
from drone_mcp_diagnosis.step_reader import LogReading, StepReader
from drone_mcp_logs.compare.answer import Pair, compose_comparison

if TYPE_CHECKING:
    from drone_mcp_build.access import BuildAddress
    from drone_mcp_client.models import Build
    from drone_mcp_diagnosis.live_log import Pace
    from drone_mcp_known.client_and_store import KnownAccess
    from drone_mcp_logs.compare.views import ComparisonView


async def compare(
    access: KnownAccess, what: BuildAddress, b: int | None, token_budget: int, pace: Pace
) -> ComparisonView:
    """Answer `drone_compare_builds`.

    Raises:
        NotFound: there is no such build, or none to compare with.
    """
    new = (await access.builds.find(what.repo, what.number)).build
    if b is None:
        # A tag has no earlier builds: the caller has to name one.
        branch = history_branch(new)
        builds = await builds_before(await access.client(), what.repo, new.number, branch) if branch else []
        b = next((one.number for one in builds if one.status == "success" and one.number < new.number), None)
    if b is None:
        raise NotFound(
            f"There is no successful build before {new.number} on its branch among the newest ones",
            next_step="Call again with b as the number of the build to compare with",
        )
    old = (await access.builds.build(what.repo, b)).build
    pair = await _read(access, what.repo, new, old, pace)
    return await anyio.to_thread.run_sync(compose_comparison, pair, token_budget)


async def _read(access: KnownAccess, repo: str, a: Build, b: Build, pace: Pace) -> Pair:
    """Read the first failed step's log in the build where it failed, and the same step's in the other."""
    home = await access.builds.home(repo, a)
    # `a` is the build that is asked about. Where only `b` failed, the question is what fixed it.
    for failing, other in ((a, b), (b, a)):
        ref = next((failed.ref for failed in failures_that_count(failing) if failed.ref), None)
        if ref is not None:
            drone = await access.client()
            there = same_step(other, ref)
            mine = await StepReader(drone, repo, failing.number, pace).read(ref)
            its = await StepReader(drone, repo, other.number, pace).read(there) if there else None
            return Pair(
                repo, a, b, new_nonce(), ref, mine.text, its.text if its else None, _note(mine, its, other), home
            )
    return Pair(repo, a, b, new_nonce(), home=home)


def _note(mine: LogReading, its: LogReading | None, other: Build) -> str:
    """Say why the logs are not compared, where they are not."""
    if mine.text is None:
        return mine.why
    if its is None or its.text is None:
        return f"No log to compare with: the step did not run in #{other.number}, or its log is not there"
    return ""
