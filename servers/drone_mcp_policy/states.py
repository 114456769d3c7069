"""The states of a build, and the action for each where no rule decides. Pure.

Source: harness/drone v2.25.0, core/status.go. There, a build that waits for approval is `pending` and has a
`blocked` stage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

from drone_mcp_build.stall_detection import PATIENCE_SECONDS, POSSIBLE_REASONS, Outlook, describe_pending, outlook_of
from drone_mcp_client.status import FAILED, FINAL, blocked_stages, failed_at_trigger

if TYPE_CHECKING:
    from drone_mcp_client.models import Build

State = Literal[
    "none",
    "pending",
    "waiting_on_dependencies",
    "running",
    "held",
    "success",
    "failure",
    "error",
    "trigger_error",
    "killed",
    "skipped",
    "declined",
    "unknown",
]
Action = Literal["wait", "continue", "collect_logs_and_stop", "retry", "ask_for_approval", "stop"]

STATES: Final[tuple[State, ...]] = get_args(State)
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

DEFAULT_ACTIONS: Final[dict[State, tuple[Action, str]]] = {
    "none": (
        "stop",
        "Drone made no build: the repository is inactive, its pipeline file has nothing for this, or CI was skipped",
    ),
    "pending": ("wait", "it has not started"),
    "waiting_on_dependencies": ("wait", "it waits for what it depends on"),
    "running": ("wait", "it is running"),
    "held": ("ask_for_approval", "it is held until an administrator of the repository approves it"),
    "success": ("continue", "it succeeded"),
    "failure": ("collect_logs_and_stop", "it failed"),
    "error": ("collect_logs_and_stop", "a runner could not run it"),
    "trigger_error": ("collect_logs_and_stop", "Drone could not read its pipeline, so no step ran"),
    "killed": ("collect_logs_and_stop", "it was stopped"),
    "skipped": ("stop", "Drone skipped it, as it does where a newer build took its place"),
    "declined": ("stop", "an administrator of the repository declined it"),
    "unknown": ("wait", "Drone gives it a status of a later release, and it has not finished"),
}
"""The action in each state where no rule decides, and the reason. An unknown status that has an end is a `stop`."""

UNFINISHED: Final[frozenset[State]] = frozenset({"pending", "waiting_on_dependencies", "running", "held", "unknown"})

USED_IN: Final[dict[Action, frozenset[State]]] = {
    "wait": UNFINISHED,
    "continue": frozenset({"success", "failure", "error", "killed", "skipped", "declined"}),
    "collect_logs_and_stop": frozenset({"running", "success", "failure", "error", "trigger_error", "killed"}),
    "retry": frozenset({"failure", "error", "killed"}),
    "ask_for_approval": frozenset({"held"}),
    "stop": frozenset(STATES),
}
"""The states in which a rule may ask for an action. No rule waits for a finished build."""


def state_of(build: Build | None) -> State:
    """Return the state; None means that Drone made no build."""
    if build is None:
        return "none"
    # A declined build keeps its other stages blocked, but it waits for nobody any more.
    if build.status not in FINAL and (build.status == "blocked" or blocked_stages(build)):
        return "held"
    # Before the table, as its status is `error`, too. A retry would meet the same mistake in the pipeline file.
    if failed_at_trigger(build):
        return "trigger_error"
    return next((state for state in STATES if state == build.status), "unknown")


def has_failed(state: State) -> bool:
    """Return whether the build has failed."""
    return state in FAILED or state == "trigger_error"


def decide_by_state(build: Build | None, now: int) -> tuple[Action, str]:
    """Return the action and the reason where no rule decides; `now` is the Unix time."""
    state = state_of(build)
    if build is None:
        return DEFAULT_ACTIONS[state]
    if state == "unknown" and build.finished:
        return "stop", "Drone gives it a status of a later release, and it has finished"
    if state in UNFINISHED and (why := describe_vain_wait(build, now)):
        return ("ask_for_approval", why) if state == "held" else ("stop", why)
    action, reason = DEFAULT_ACTIONS[state]
    pending = next((stage for stage in build.stages if stage.status == "pending"), None)
    if state == "pending" and pending:
        return action, f"{reason}: stage {pending.number} {describe_pending(pending)}"
    if state == "declined" and (held := blocked_stages(build)):
        return action, f"{reason}; {len(held)} of its stages can still be approved"
    return action, reason


def describe_vain_wait(build: Build, now: int) -> str:
    """Say why it is in vain to wait for a build that has not ended; "" where it is not."""
    outlook = outlook_of(build, now)
    if outlook is Outlook.STUCK:
        return "what is left of it never starts, as Drone starts a waiting stage only when another one ends"
    if outlook is Outlook.STALLED:
        minutes = PATIENCE_SECONDS // 60
        return f"it has not started for {minutes} minutes, and Drone does not say why ({POSSIBLE_REASONS})"
    return ""
