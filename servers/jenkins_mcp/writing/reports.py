"""Writes the answers of tools from the plan and what Jenkins shows afterwards. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.sentences import begin_sentence
from jenkins_mcp.writing.parameters import find_differences, find_hidden, show_values
from jenkins_mcp.writing.plans import WIDTH
from jenkins_mcp.writing.views import ChangeView, StartView

if TYPE_CHECKING:
    from ci_mcp_kit.guard.change import Sent
    from jenkins_mcp.client.models.builds import Build
    from jenkins_mcp.client.models.queue import QueueItem
    from jenkins_mcp.writing.plans import ChangePlan, StartPlan
    from jenkins_mcp.writing.views import Outcome

MOST_SHOWN: Final = 30  # parameters
STARTS: Final = frozenset({"trigger", "rebuild"})


def view_of(operation: str) -> type[ChangeView]:
    """Return the shape of an operation's answer."""
    return StartView if operation in STARTS else ChangeView


def make_view(plan: ChangePlan, outcome: Outcome, message: str, **more: Any) -> ChangeView:
    """Return an answer about the subject of a plan."""
    action = plan.action
    number = {"item" if action.operation.name == "cancel" else "number": action.number or None}
    return view_of(action.operation.name)(
        job=action.scope,
        operation=action.operation.name,
        outcome=outcome,
        message=begin_sentence(message),
        **{"requests": plan.requests, **number, **more},
    )


def report_start(
    plan: StartPlan, sent: Sent, item: QueueItem | None, *, number: int | None, joined: bool, page: str
) -> ChangeView:
    """Report a build that was put into the queue.

    Args:
        plan: what was sent.
        sent: its answers.
        item: the queue item as it is now; None where Jenkins does not show it.
        number: of the item, None where it is not known.
        joined: whether an equal item was there before.
        page: the address of the page of the job, or of the build where it has begun.
    """
    action = plan.action
    new = item.executable.number if item and item.executable else None
    stored = {value.name: value for of in (item.actions if item else ()) for value in of.parameters}
    verb = "was joined to an equal one" if joined else f"runs as build {new}" if new else "is in the queue"
    form = action.form
    hidden = find_hidden(form, stored)
    notes = [*_note_found(sent)]
    if hidden:
        notes.append(f"Jenkins does not show what it has stored for {', '.join(hidden)}")
    if item is None and form:
        notes.append("Jenkins does not show the queue item, so what it has stored could not be compared")
    if item and item.why:
        notes.append(f"It waits: {one_line(item.why, WIDTH)}")
    return make_view(
        plan,
        "done",
        f"the build of {action.job} {verb}",
        item=number,
        new_build=new,
        page=page,
        parameters=show_values(stored, MOST_SHOWN),
        differences=find_differences(form, stored) if item else (),
        notes=tuple(notes),
        next_step=_next_of_start(plan, new, number, has_differences=bool(item and find_differences(form, stored))),
    )


def _next_of_start(plan: StartPlan, new: int | None, number: int | None, *, has_differences: bool) -> str:
    if has_differences:
        return "Look at differences: stop the build or cancel the item if it must not run with what was stored"
    job = plan.action.job
    if new is None and number is None:
        return f"Look at the newest build of {job} in a few seconds"
    return f"jenkins_wait_for_build with {f'job {job} and build {new}' if new else f'item {number}'} waits for its end"


def report_stop(plan: ChangePlan, sent: Sent, build: Build | None) -> ChangeView:
    """Report a stop; `build` is the build as it is some seconds later, None where it could not be read."""
    called = f"build {plan.action.number} of {plan.action.job}"
    more = {"notes": _note_found(sent)}
    if build is None:
        message = f"Jenkins was asked to stop {called}, and does not show how it is now"
        return make_view(plan, "under_way", message, next_step=f"Look at {called} in a few seconds", **more)
    if not build.is_over:
        harder = {"stop": "term", "term": "kill"}.get(plan.action.verb, "") if build.is_a("WorkflowRun") else ""
        later = f"; if it still runs then, call again with how {harder}" if harder else ""
        return make_view(
            plan,
            "under_way",
            f"Jenkins was asked to stop {called}, which still runs",
            next_step=f"Look at it in a few seconds{later}",
            **more,
        )
    said = "; ".join(one_line(cause.short_description, WIDTH) for cause in build.interruptions())
    message = f"{called} is {build.result}"
    if build.result != "ABORTED":
        message += ": it ended by itself, or chose its own result when it was stopped"
    return make_view(plan, "done", message + (f" ({said})" if said else ""), result=build.result, **more)


def report_cancel(plan: ChangePlan, sent: Sent, item: QueueItem | None) -> ChangeView:
    """Report a cancelled item, as Jenkins shows it afterwards; None where it does not."""
    called = f"queue item {plan.action.number} of {plan.action.job}"
    notes = _note_found(sent)
    if item is not None and item.executable:
        message = f"{called} became build {item.executable.number} before it could be cancelled"
        return make_view(plan, "nothing_to_do", message, notes=notes, next_step="Stop the build instead")
    return make_view(plan, "done", f"{called} is cancelled", notes=notes)


def _note_found(sent: Sent) -> tuple[str, ...]:
    return ("Jenkins did not answer as it should; that it was done shows in what it lists",) if sent.found else ()
