"""The notes of every outcome: of what is to come before it is done, and of what holds afterwards."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.guard.action_parameters import NOTHING_ADDED, Additions
from ci_mcp_kit.guard.change import Sent
from ci_mcp_kit.guard.rules import Decision
from drone_mcp_actions.changes import BuildChange
from drone_mcp_actions.plans import plan_approve, plan_decline, plan_restart, plan_stop
from drone_mcp_actions.reports import report_done
from drone_mcp_client.models import Build, Repo
from support.actions_desk import Person
from support.made_builds import made_build, made_repo, made_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from drone_mcp_actions.plans import BuildPlan
    from drone_mcp_actions.views import ActionView
    from drone_mcp_build.access import DroneAccess
    from drone_mcp_build.guard.trigger_heartbeat import Report

SLUG = "octo/hello"
PROTECTED = "The repository is protected: a restart runs at once and passes by the approval"
TOGETHER = "Build 7 is still running; both run side by side"
DEPLOYS = "It is a promote: it deploys to 'production' again"
KEPT = "Drone keeps the old build's parameters: the values given for MODE have no effect"
LOST = "What it has not finished is lost; it cannot be resumed, only restarted as a new build"
HALF_DONE = "It is a promote to 'production', which may be left half done"
RUNNER = "Its runner hears of it within seconds, and uploads the log of the step that ran after that"
HELD = "It waits for approval; afterwards nobody can approve it any more"
DIFF = "Drone does not say whether this commit changes .drone.yml: look at the diff first"
ANOTHER = "Another stage was declined, so the build stays 'declined'; Drone runs what is approved all the same"
LATE = "What stage 2 'deploy' depends on has finished: Drone may leave it waiting for good"
DECLINED = "The build becomes 'declined' for good: it cannot be restarted"
OPEN = "Stage 2 'deploy' stays open to approval by anyone with the right to approve, and would then run"
STILL_OPEN = "Still open to approval: stage 2 'deploy' runs once it is approved"
REPEATED = "The same call was answered less than a minute ago; nothing was sent again"
FOUND = "Drone did not answer as it should; that it was done shows in the build"

REPO = Repo.model_validate(made_repo(SLUG, protected=True, counter=7))


def build(status: str, first: str, second: str, **more: Any) -> Build:
    stages = made_stage(1, "build", first), made_stage(2, "deploy", second, depends_on=["build"])
    return Build.model_validate(made_build(7, status, *stages, **more))


RUNNING = build("running", "running", "blocked", event="promote", deploy_to="production", params={"MODE": "slow"})
PENDING = build("pending", "pending", "pending")
BLOCKED = build("blocked", "blocked", "blocked")
HALF_DECLINED = build("declined", "declined", "blocked")
OVER = build("success", "success", "success")
NEW = Build.model_validate(made_build(8, "pending"))
BROKEN = Build.model_validate(made_build(8, "error"))
KILLED = build("killed", "killed", "killed")
REFUSED = ServiceError("no")


def restart(old: Build, additions: Additions = NOTHING_ADDED) -> BuildPlan:
    return plan_restart(REPO, old, additions)


def change(plan: BuildPlan) -> BuildChange:
    """Return a change that describes its answers, and reads nothing for them."""
    access, report = cast("DroneAccess", None), cast("Report", None)
    return BuildChange(access=access, clock=float, report=report, name=plan.action.operation.name, repo=SLUG, number=7)


def nothing(plan: BuildPlan) -> ActionView:
    return change(plan).describe_nothing(plan)


def rehearsed(plan: BuildPlan) -> ActionView:
    return change(plan).describe_rehearsal(plan, Decision("on", "allowed", confirm=True))


def done(*answers: Any, now: Build | None = None, **more: Any) -> Callable[[BuildPlan], ActionView]:
    return lambda plan: report_done(plan, Sent(answers, **more), now)


MODE = Additions((("MODE", "fast"),))
OUTCOMES: list[tuple[str, BuildPlan, Callable[[BuildPlan], ActionView], Sequence[str]]] = [
    ("dry_run", restart(RUNNING, MODE), rehearsed, ("It sets MODE = fast", PROTECTED, TOGETHER, DEPLOYS, KEPT)),
    ("done", restart(RUNNING, MODE), done(NEW), (PROTECTED, TOGETHER, DEPLOYS, KEPT)),
    ("done", restart(OVER), done(NEW, found=True), (FOUND,)),
    ("done", restart(RUNNING, MODE), done(BROKEN), ()),
    ("nothing_started", restart(RUNNING, MODE), done(None), ()),
    ("dry_run", plan_stop(SLUG, RUNNING), rehearsed, (LOST, HALF_DONE)),
    ("done", plan_stop(SLUG, RUNNING), done(KILLED), (RUNNER,)),
    ("done", plan_stop(SLUG, PENDING), done(KILLED), ()),
    ("dry_run", plan_stop(SLUG, BLOCKED), rehearsed, (LOST, HELD)),
    ("done", plan_stop(SLUG, BLOCKED), done(KILLED), ()),
    ("nothing_to_do", plan_stop(SLUG, OVER), nothing, ()),
    ("dry_run", plan_approve(SLUG, HALF_DECLINED, None), rehearsed, (DIFF, ANOTHER, LATE)),
    ("done", plan_approve(SLUG, HALF_DECLINED, None), done({}), (ANOTHER, LATE)),
    ("done", plan_approve(SLUG, BLOCKED, None), done({}, {}), ()),
    ("partly_done", plan_approve(SLUG, BLOCKED, None), done({}, failed=REFUSED), ("Not approved: stage 2",)),
    ("nothing_to_do", plan_approve(SLUG, OVER, None), nothing, ()),
    ("dry_run", plan_decline(SLUG, BLOCKED, 1), rehearsed, (DECLINED, OPEN)),
    ("done", plan_decline(SLUG, BLOCKED, 1), done({}, now=HALF_DECLINED), (STILL_OPEN,)),
    ("done", plan_decline(SLUG, BLOCKED, None), done({}, {}), ()),
    (
        "partly_done",
        plan_decline(SLUG, BLOCKED, None),
        done({}, now=HALF_DECLINED, failed=REFUSED),
        (STILL_OPEN, "Not declined: stage 2"),
    ),
    ("nothing_to_do", plan_decline(SLUG, OVER, None), nothing, ()),
]
TO_COME = re.compile(r"\b(would|will|becomes?|afterwards|first|before|is lost)\b")


@pytest.mark.parametrize(("outcome", "plan", "report", "notes"), OUTCOMES)
def test_every_outcome_has_the_notes_that_hold_then(
    outcome: str, plan: BuildPlan, report: Callable[[BuildPlan], ActionView], notes: Sequence[str]
) -> None:
    view = report(plan)
    assert (view.outcome, view.notes) == (outcome, tuple(notes))
    if outcome != "dry_run":
        assert not TO_COME.search(" ".join((view.message, *view.notes)))


async def test_a_repeated_call_has_the_notes_of_the_first_and_says_that_nothing_was_sent(at: Any) -> None:
    async with at(person=Person()) as desk:
        first, second = [
            await desk.call("drone_decline_build", repo="octo/guarded", number=1, stage=1) for _ in range(2)
        ]
    assert (first.data["outcome"], first.data["notes"]) == ("done", [STILL_OPEN])
    assert (second.data["outcome"], second.data["notes"]) == ("repeated", [STILL_OPEN, REPEATED])
