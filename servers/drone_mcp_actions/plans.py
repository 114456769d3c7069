"""Plans an operation on a build in its current state. Pure.

Drone's rules are in harness/drone v2.25.0, handler/api/repos/builds: retry.go, cancel.go, stages/approve.go and
stages/decline.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.guard.change import Plan
from ci_mcp_kit.sentences import begin_sentence
from drone_mcp_build.build_wording import clean_name, describe_origin, name_build, name_stages
from drone_mcp_build.guard.action import DEPLOYMENTS, OPERATIONS, BuildAction
from drone_mcp_build.past_approval import was_approved
from drone_mcp_client import calls
from drone_mcp_client.errors import InvalidInput
from drone_mcp_client.status import blocked_stages, is_final, is_held

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ci_mcp_kit.guard.action_parameters import Additions
    from drone_mcp_client.models import Build, Repo, Stage

PIPELINE_UNKNOWN = "Drone does not say whether this commit changes .drone.yml: look at the diff first"


BuildPlan = Plan[BuildAction]


def plan_restart(repo: Repo, build: Build, additions: Additions) -> BuildPlan:
    """Build the same commit again, under a new number.

    Raises:
        InvalidInput: it was declined, which Drone does not start again.
    """
    if build.status == "declined":
        raise InvalidInput(
            f"Build {build.number} was declined, and Drone starts no declined build again",
            next_step="Push a new commit if it is still wanted",
        )
    action = BuildAction(
        operation=OPERATIONS["restart"],
        repo=repo.slug,
        build=build,
        newest=repo.counter,
        # Drone holds only builds that a webhook of the source host started: a restart runs at once
        # (harness/drone v2.25.0, trigger/trigger.go).
        unapproved=repo.protected and not was_approved(build),
        additions=additions,
    )
    params, debug = dict(additions.params), "debug" in additions.switches
    return BuildPlan(
        action=action,
        calls=(calls.restart_build(repo.slug, build.number, debug=debug, params=params),),
        effect=f"restart {name_build(repo.slug, build)} as a new build "
        f"({describe_origin(repo.slug, build)}); the old one stays as it is",
        notes=tuple(_note_restart(action, params)),
    )


def _note_restart(action: BuildAction, params: Mapping[str, str]) -> list[str]:
    build = action.build
    notes = []
    if action.unapproved:
        notes.append("The repository is protected: a restart runs at once and passes by the approval")
    if not is_final(build.status):
        notes.append(f"Build {build.number} is still {clean_name(build.status)}; both run side by side")
    if build.event in DEPLOYMENTS:
        notes.append(f"It is a {build.event}: it deploys to '{clean_name(build.deploy_to)}' again")
    # Drone copies the old build's parameters over the new ones (retry.go).
    kept = sorted(name for name in params if name in build.params and params[name] != build.params[name])
    if kept:
        named = ", ".join(clean_name(name) for name in kept)
        notes.append(f"Drone keeps the old build's parameters: the values given for {named} have no effect")
    return notes


def plan_stop(repo: str, build: Build) -> BuildPlan:
    """Kill what runs and skip what waits; a finished build stays as it is."""
    called = name_build(repo, build)
    action = BuildAction(operation=OPERATIONS["stop"], repo=repo, build=build)
    # Not sent, although Drone accepts it and changes nothing (cancel.go).
    if has_ended(build):
        nothing = f"{called} is {build.status} already; there is nothing to stop"
        return BuildPlan(action=action, effect="", nothing=nothing)
    notes = ["What it has not finished is lost; it cannot be resumed, only restarted as a new build"]
    if build.status == "declined":
        notes = ["Its stages that wait are skipped, so that nobody can approve them any more; it stays 'declined'"]
    if is_held(build):
        notes.append("It waits for approval; afterwards nobody can approve it any more")
    if build.event in DEPLOYMENTS:
        notes.append(f"It is a {build.event} to '{clean_name(build.deploy_to)}', which may be left half done")
    return BuildPlan(
        action=action,
        calls=(calls.cancel_build(repo, build.number),),
        effect=f"stop {called} ({describe_origin(repo, build)}), which is {clean_name(build.status)}",
        notes=tuple(notes),
    )


def has_ended(build: Build) -> bool:
    """Return whether nothing of the build runs or waits.

    A declined build can have stages that do: others than the declined one stay blocked, and run once they are approved.
    A cancel ends them (cancel.go).
    """
    stages_left = build.status == "declined" and any(not is_final(stage.status) for stage in build.stages)
    return is_final(build.status) and not stages_left


def plan_approve(repo: str, build: Build, stage: int | None) -> BuildPlan:
    """Let one blocked stage run, or all in the order of their numbers."""
    return _plan_decision("approve", repo, build, stage)


def plan_decline(repo: str, build: Build, stage: int | None) -> BuildPlan:
    """Refuse one blocked stage, or all in the order of their numbers; the first makes the build `declined`.

    Drone's own route for a whole build stops at the first stage that is not blocked and keeps what it has declined
    until then, so stages are declined one by one.
    """
    return _plan_decision("decline", repo, build, stage)


def _plan_decision(verb: str, repo: str, build: Build, stage: int | None) -> BuildPlan:
    if stage is not None and all(found.number != stage for found in build.stages):
        raise InvalidInput(f"{name_build(repo, build)} has no stage {stage}")
    # Also those of a declined build, which Drone runs once they are approved (stages/approve.go).
    held = sorted(blocked_stages(build), key=lambda one: one.number)
    chosen = tuple(found for found in held if stage in {None, found.number})
    left = tuple(found for found in held if stage not in {None, found.number})
    action = BuildAction(
        operation=OPERATIONS[verb], repo=repo, build=build, stages=tuple(stage.number for stage in chosen)
    )
    if not chosen:
        called = name_build(repo, build)
        return BuildPlan(action=action, effect="", nothing=f"{called} is {build.status}; no stage waits for approval")
    call = calls.approve_stage if verb == "approve" else calls.decline_stage
    return BuildPlan(
        action=action,
        calls=tuple(call(repo, build.number, stage.number) for stage in chosen),
        effect=f"{verb} {name_stages(chosen)} of {name_build(repo, build)} ({describe_origin(repo, build)})",
        notes=(PIPELINE_UNKNOWN, *note_approval(build, chosen)) if verb == "approve" else _note_decline(build, left),
    )


def _note_decline(build: Build, left: tuple[Stage, ...]) -> tuple[str, ...]:
    declined = "is declined already" if build.status == "declined" else "becomes 'declined' for good"
    notes = [f"The build {declined}: it cannot be restarted"]
    if left:
        still = f"{name_stages(left)} {'stays' if len(left) == 1 else 'stay'} open to approval"
        notes.append(f"{begin_sentence(still)} by anyone with the right to approve, and would then run")
    return tuple(notes)


def note_approval(build: Build, approved: Sequence[Stage]) -> tuple[str, ...]:
    """Return the notes that hold before and after an approval."""
    notes = []
    if build.status == "declined":
        notes.append(
            "Another stage was declined, so the build stays 'declined'; Drone runs what is approved all the same"
        )
    # Drone starts waiting stages only when another stage ends, and these have ended already (harness/drone v2.25.0,
    # operator/manager/teardown.go).
    over = {stage.name for stage in build.stages if is_final(stage.status)}
    late = [stage for stage in approved if over & set(stage.depends_on)]
    if late:
        notes.append(f"What {name_stages(late)} depends on has finished: Drone may leave it waiting for good")
    return tuple(notes)
