"""Judges whether the branch that a change goes to had the same failure before it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from ci_mcp_kit.cleaning import one_line
from drone_mcp_build.refs import history_branch
from drone_mcp_logs.common.steps import NAME

if TYPE_CHECKING:
    from drone_mcp_client.models import Build
    from drone_mcp_logs.diagnose.other_builds import Past


class OnTarget(NamedTuple):
    """The answer, and a sentence that says it; "" where nothing was looked at."""

    answer: Literal["yes", "no", "maybe", "unknown", ""] = ""
    text: str = ""


NOT_LOOKED: Final = OnTarget()


def compare_with_target(past: Past, build: Build, own: str, others: str) -> OnTarget:
    """Compare a failure with the target branch before its commit; `own` and `others` are their signatures."""
    if not past.branch:
        return OnTarget("", past.trouble)
    branch = one_line(past.branch, NAME)
    answer, how = _compare(past, own, others)
    if past.other is None:
        return OnTarget(answer, f"{answer}: {how}{_describe_rest(past)}")
    # On the branch itself the build before is the previous one; a pull request or another branch only goes to it.
    is_own = history_branch(build) == past.branch and build.event != "pull_request"
    there = f"{branch}'s {'previous build' if is_own else 'newest build before it,'} #{past.other.build.number}"
    return OnTarget(answer, f"{answer}: {there}{'' if is_own else ','} {how}{_describe_rest(past)}")


def _compare(past: Past, own: str, others: str) -> tuple[Literal["yes", "no", "maybe", "unknown"], str]:
    """Return the answer, and how the build of the target branch stands."""
    run = past.other
    if run is None:
        return "unknown", f"no build of {one_line(past.branch, NAME)} before this commit passed or failed"
    if run.build.status == "success":
        # What did not end by itself shows nothing, but its commit may have brought the failure.
        between = ", ".join(f"#{build.number}" for build in past.target.between[:3])
        return "no", f"is good, so it is new here{f' or in {between}' if between else ''}"
    if run.ref is None or not run.ref.failed:
        return "no", "fails at something else"
    if not own or not others:
        return "maybe", "fails in the same step"
    if own == others:
        return "yes", "fails in the same way, so it is not (only) this change"
    return "no", "fails in the same step, but otherwise"


def _describe_rest(past: Past) -> str:
    """Say what else bears on it: a pass of the same commit, how the branch stands since, the last good run."""
    target, good, parts = past.target, past.good, [""]
    if target.passed:
        parts.append(f"the same commit passed in #{target.passed.number}, so the change alone does not explain it")
    if good and good.ref and past.other and past.other.build.status != "success":
        parts.append(f"its last good run: #{good.build.number}")
    if target.after:
        state = "is good" if target.after.status == "success" else "fails as well"
        parts.append(f"{one_line(past.branch, NAME)} since: #{target.after.number} {state}")
    return "; ".join(parts)
