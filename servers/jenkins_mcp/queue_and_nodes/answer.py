"""Describes the queue and the machines. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.outgoing_text import one_line
from jenkins_mcp.formatting import show_parameter, whole_seconds
from jenkins_mcp.queue_and_nodes.views import NodeLine, NodeList, QueueLine, QueueView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jenkins_mcp.client.models.queue import Queue, QueueItem
    from jenkins_mcp.client.models.system import Node, Nodes
    from jenkins_mcp.client.server_time import Dated
    from jenkins_mcp.scope import JobScope

MOST_NODES: Final = 50
MOST_LABELS: Final = 10
MOST_PARAMETERS: Final = 20
MOST_CAUSES: Final = 3  # equal triggers are merged into one item, each with a cause
WIDTH: Final = 200  # characters of a text that somebody wrote


def describe_queue(read: Dated[Queue], scope: JobScope, *, job: str, limit: int, now: int) -> QueueView:
    """Return the view of the items that may be seen.

    Args:
        read: the queue as Jenkins answered.
        scope: the jobs of this role.
        job: the full name of the job to show, "" for all.
        limit: the most items to show.
        now: our time in milliseconds, where Jenkins did not say its own.
    """
    clock = now if read.now is None else read.now
    placed = [(place, item) for place, item in enumerate(read.value.items, 1) if scope.sees(job_of_item(item))]
    shown = [(place, item) for place, item in placed if not job or job_of_item(item) == job]
    unseen = len(read.value.discoverable_items)
    left_out = [f"{len(shown) - limit} items" if len(shown) > limit else ""]
    left_out.append(f"{unseen} items of jobs that this user may not see" if unseen else "")
    stuck = any(item.stuck for _, item in shown)
    return QueueView(
        items=tuple(describe_item(item, clock, place) for place, item in shown[:limit]),
        total=len(shown),
        left_out=", ".join(filter(None, left_out)),
        next_step="jenkins_list_nodes shows which machines are offline" if stuck else "",
    )


def describe_item(item: QueueItem, now: int, position: int | None = None) -> QueueLine:
    """Return an item of the queue; `now` is Jenkins' time in milliseconds."""
    values = {value.name: value for action in item.actions for value in action.parameters}
    state = state_of(item)
    times: dict[str, Any] = {}
    if not item.has_left:
        times["waited_seconds"] = whole_seconds(now - item.in_queue_since) if item.in_queue_since else None
    if state == "waiting":
        times["quiet_seconds"] = whole_seconds(item.timestamp - now)
    return QueueLine(
        item=item.id,
        job=job_of_item(item),  # as it is, blanks too: other tools take it as an argument
        state=state,
        position=position,
        why=one_line(item.why, WIDTH),
        stuck=item.stuck or None,
        **times,
        causes=tuple(one_line(cause.short_description, WIDTH) for action in item.actions for cause in action.causes)[
            :MOST_CAUSES
        ],
        parameters={
            name: one_line(show_parameter(name, value.value), WIDTH)
            for name, value in list(values.items())[:MOST_PARAMETERS]
            if value.value is not None
        },
        hidden_parameters=tuple(name for name, value in values.items() if value.value is None),
        build=item.executable.number if item.executable else None,
    )


def job_of_item(item: QueueItem) -> str:
    """Return the full name of the job that an item is of; of a pipeline's part, what Jenkins calls it."""
    return (item.task.full_name or item.task.name) if item.task else ""


def state_of(item: QueueItem) -> str:
    """Return how an item stands (jenkinsci/jenkins, core/src/main/java/hudson/model/Queue.java).

    `waiting` for the end of its quiet period, `blocked` by another build, `buildable` as soon as there is an executor,
    `pending` while it is handed to one; then `started` or `cancelled`.
    """
    if item.has_left:
        return "cancelled" if item.cancelled or item.executable is None else "started"
    if item.blocked:
        return "blocked"
    if item.buildable or item.pending:
        return "pending" if item.pending else "buildable"
    return "waiting"


def describe_nodes(nodes: Nodes) -> NodeList:
    """Return the view of the machines."""
    ordered: Sequence[Node] = sorted(nodes.computer, key=lambda node: not node.offline)
    more = len(ordered) - MOST_NODES
    return NodeList(
        nodes=tuple(
            NodeLine(
                name=one_line(node.display_name, WIDTH),
                offline=node.offline or None,
                reason=one_line(node.offline_cause_reason, WIDTH),
                idle=node.idle or None,
                executors=node.num_executors,
                labels=tuple(one_line(label.name, WIDTH) for label in node.assigned_labels[:MOST_LABELS]),
            )
            for node in ordered[:MOST_NODES]
        ),
        busy_executors=nodes.busy_executors,
        total_executors=nodes.total_executors,
        left_out=f"{more} nodes" if more > 0 else "",
    )
