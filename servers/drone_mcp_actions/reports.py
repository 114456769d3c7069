"""Writes the answers of tools from the plan and the responses of Drone. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.sentences import begin_sentence
from drone_mcp_actions.plans import note_approval
from drone_mcp_actions.views import view_of
from drone_mcp_build.build_wording import clean_name, name_build, name_stages
from drone_mcp_build.guard.new_build_answer import (
    STEP_WHERE_SKIPPED,
    describe_new_build,
    explain_failed_start,
    note_found,
)
from drone_mcp_client.status import blocked_stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_kit.guard.change import Sent
    from drone_mcp_actions.plans import BuildPlan
    from drone_mcp_actions.views import ActionView, Outcome
    from drone_mcp_client.models import Build, Stage

# harness/drone v2.25.0, trigger/skip.go; these events are never skipped for it.
SKIP_MARKS: Final = ("[ci skip]", "[skip ci]", "***no_ci***")
NEVER_SKIPPED: Final = frozenset({"tag", "cron", "custom", "promote", "rollback"})
PAST: Final = {"approve": "approved", "decline": "declined"}


def make_view(plan: BuildPlan, outcome: Outcome, message: str, **more: Any) -> ActionView:
    """Return an answer about the build of a plan."""
    action = plan.action
    return view_of(action.operation.name)(
        repo=action.repo,
        number=action.build.number,
        operation=action.operation.name,
        outcome=outcome,
        message=begin_sentence(message),
        **({"requests": plan.requests} | more),
    )


def report_done(plan: BuildPlan, sent: Sent, now: Build | None) -> ActionView:
    """Report the sent requests; `now` is the build read again, where Drone's response does not contain it."""
    operation = plan.action.operation.name
    if operation == "restart":
        return _report_restart(plan, sent)
    if operation == "stop":
        return _report_stop(plan, sent)
    return _report_decision(plan, sent, now)


def _report_restart(plan: BuildPlan, sent: Sent) -> ActionView:
    old, new = plan.action.build, sent.answers[0]
    if new is None:
        text = f"{old.message}\n{old.title}".lower()
        mark = next((mark for mark in SKIP_MARKS if mark in text), None)
        why = (
            f"its commit message says {mark}, which counts for a restart, too"
            if mark and old.event not in NEVER_SKIPPED
            else "no pipeline of .drone.yml matches its branch, event or target any more, or the owner of the "
            "repository is inactive, or an extension of the server skips it"
        )
        message = f"Drone took the restart of build {old.number} and started nothing: {why}"
        return make_view(plan, "nothing_started", message, next_step=STEP_WHERE_SKIPPED)
    failure = explain_failed_start("build", new)
    again = f"build {old.number} runs again as build {new.number}; the old one stays {clean_name(old.status)}"
    notes = (*(() if failure else plan.notes), *note_found(sent))
    shown = describe_new_build(plan.action.repo, new)
    return make_view(plan, "done", failure or again, new_build=new.number, notes=notes, **shown)


def _report_stop(plan: BuildPlan, sent: Sent) -> ActionView:
    now = sent.answers[0]
    # Drone's answer is the build as it has marked it; the runner learns of the cancel by its watch of the build.
    ran = any(stage.status == "running" for stage in plan.action.build.stages)
    runner = "Its runner hears of it within seconds, and uploads the log of the step that ran after that"
    return make_view(
        plan,
        "done",
        f"{name_build(plan.action.repo, now)} is {clean_name(now.status)}",
        status=now.status,
        stages=list_stages(now),
        notes=(*([runner] if ran else []), *note_found(sent)),
        next_step=f"Restart build {now.number} if it is wanted again" if now.status == "killed" else "",
    )


def _report_decision(plan: BuildPlan, sent: Sent, now: Build | None) -> ActionView:
    verb, count = PAST[plan.action.operation.name], len(sent.answers)
    # Calls are sent one after another until the first error, so their answers show how far they came.
    chosen, left = plan.action.stages[:count], plan.action.stages[count:]
    message = f"{verb} stage {', '.join(map(str, chosen))} of {name_build(plan.action.repo, plan.action.build)}"
    still_held = blocked_stages(now) if now else ()
    notes = [*_note_decision(plan, chosen, still_held), *note_found(sent)]
    if sent.failed is not None:
        unknown = sent.failed.outcome_unknown
        happened = f"it is unknown whether stage {left[0]} was" if unknown else f"Drone refused stage {left[0]}"
        message += f"; then {happened}: {sent.failed.message}"
        if untried := left[1:] if unknown else left:
            notes.append(f"Not {verb}: stage {', '.join(map(str, untried))}")
    return make_view(
        plan,
        "partly_done" if left else "done",
        message,
        requests=plan.requests[:count],
        status=now.status if now else "",
        stages=list_stages(now) if now else {},
        notes=tuple(notes),
        next_step=_suggest_next_step(verb, plan, left=bool(left), held=bool(still_held)),
    )


def _note_decision(plan: BuildPlan, decided: Sequence[int], still_held: Sequence[Stage]) -> tuple[str, ...]:
    """Return the notes on the decision: those of the plan are for a person who has yet to agree."""
    build = plan.action.build
    if plan.action.operation.name == "approve":
        return note_approval(build, [stage for stage in build.stages if stage.number in decided])
    runs = "runs once it is approved" if len(still_held) == 1 else "run once they are approved"
    return (f"Still open to approval: {name_stages(still_held)} {runs}",) if still_held else ()


def _suggest_next_step(verb: str, plan: BuildPlan, *, left: bool, held: bool) -> str:
    build = name_build(plan.action.repo, plan.action.build)
    if left:
        return f"Look at {build}, then decide about the stages that are left"
    if verb == "declined" and held:
        return f"Decline the other stages of {build}, too, or stop it, if they must not run"
    return f"Wait for {build} and look how it ends" if verb == "approved" else "A new push makes a new build"


def list_stages(build: Build) -> dict[str, str]:
    """Return the status of each stage, by its number."""
    return {str(stage.number): clean_name(stage.status) for stage in build.stages}
