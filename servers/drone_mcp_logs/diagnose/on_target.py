"""Judges whether the branch that a change goes to has the same failure. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from ci_mcp_kit.cleaning import one_line
from drone_mcp_build.refs import history_branch
from drone_mcp_logs.common.steps import NAME
from drone_mcp_logs.diagnose.other_builds import BROKEN

if TYPE_CHECKING:
    from drone_mcp_client.models import Build
    from drone_mcp_logs.diagnose.other_builds import OtherRun, Past


class OnTarget(NamedTuple):
    """The answer, and a sentence that says it; "" where nothing was looked at."""

    answer: Literal["yes", "no", "maybe", "unknown", ""] = ""
    text: str = ""


NOT_LOOKED: Final = OnTarget()


def compare_with_target(past: Past, build: Build, own: str, others: str) -> OnTarget:
    """Compare a failure with the newest build of the target branch; `own` and `others` are their signatures."""
    if past.other is None:
        return OnTarget("", past.trouble or ("no other build to compare with" if past.branch else ""))
    other = past.other.build
    is_newer = other.number > build.number
    is_before = history_branch(build) == past.branch and build.event != "pull_request" and not is_newer
    there = f"{one_line(past.branch, NAME)}'s {'previous' if is_before else 'newest'} build #{other.number}"
    # A good build that is newer does not show that the failure is new: its commit may have mended it.
    if other.status == "success":
        return OnTarget("no", f"no: {there} is good{'' if is_newer else ', so it is new here'}")
    since = f"; its last good run: #{past.good.build.number}" if past.good and past.good.ref else ""
    if other.status not in BROKEN:
        return OnTarget("unknown", f"unknown: {there} was {one_line(other.status, NAME)}{since}")
    answer, how = _compare_failures(past.other, own, others)
    return OnTarget(answer, f"{answer}: {there} fails {how}{since}")


def _compare_failures(other: OtherRun, own: str, others: str) -> tuple[Literal["yes", "no", "maybe"], str]:
    if other.ref is None or not other.ref.failed:
        return "no", "at something else"
    if not own or not others:
        return "maybe", "in the same step"
    if own == others:
        return "yes", "in the same way, so it is not (only) this change"
    return "no", "in the same step, but otherwise"
