"""Judges whether the branch that a change goes to had the same failure before it. Pure.

Only a build of an earlier commit can show that it did not: a later one contains the commit, and a restart is of the
commit itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from ci_mcp_kit.cleaning import one_line
from drone_mcp_build.refs import history_branch
from drone_mcp_diagnosis.commit_order import first_numbers, is_same_commit
from drone_mcp_diagnosis.steps import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.log_text import LogText
    from drone_mcp_build.failed_steps import StepRef
    from drone_mcp_client.models import Build


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
    comparable = [other for other in listed if other.number != build.number and _is_comparable(other, build)]
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


def _is_comparable(other: Build, build: Build) -> bool:
    """Return whether both run the same pipelines, as a deployment runs others than a push to the same branch."""
    if _DEPLOYMENTS.isdisjoint({other.event, build.event}):
        return True
    return (other.event, other.deploy_to) == (build.event, build.deploy_to)


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
