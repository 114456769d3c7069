"""Tables of nodes, services, containers, events and steps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from drone_nodes.pages.words import (
    DIM,
    GREEN,
    RED,
    YELLOW,
    clean,
    format_age,
    format_time,
    judge_service,
    name_state,
    show_state,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_nodes_api.wire import agent_pb2 as pb
    from drone_nodes.session import Answer

_ACTIONS = {"keep": DIM, "unchanged": DIM, "skipped": DIM, "failed": RED, "rolled-back": YELLOW}


def make_table(*columns: str) -> Table:
    """Return an empty table with a line of headings."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def show_services(answers: Iterable[Answer[pb.ListServicesResponse]]) -> Table:
    """Return the services of all nodes; a node that does not answer is a line."""
    table = make_table("NODE", "SERVICE", "STATE", "VERSION", "REVISION", "COMPONENTS", "REASON")
    for answer in answers:
        if answer.value is None:
            _add_failed_node(table, answer)
            continue
        for service in answer.value.services:
            worst = judge_service(service)
            state = show_state(worst)
            if service.operation:
                state = Text(f"{service.operation} …", YELLOW)
            table.add_row(
                answer.node,
                clean(service.name, "" if service.active else DIM),
                state,
                clean(", ".join(dict.fromkeys(one.version or "-" for one in service.components))),
                str(service.revision or "-"),
                clean(", ".join(one.name for one in service.components)),
                clean(service.reason or worst.reason),
            )
    return table


def show_containers(answers: Iterable[Answer[pb.LiveCheckResponse]]) -> Table:
    """Return the containers of all nodes, with those that belong to no service at the end of each node."""
    table, now = make_table("NODE", "CONTAINER", "STATE", "VERSION", "UPTIME", "RESTARTS", "IMAGE"), datetime.now(UTC)
    for answer in answers:
        if answer.value is None:
            _add_failed_node(table, answer)
            continue
        for service in answer.value.services:
            for one in service.components:
                _add_container(table, answer.node, one, now)
        for one in answer.value.unmanaged:
            _add_container(table, answer.node, one, now, style=DIM)
    return table


def show_components(service: pb.ServiceStatus) -> Table:
    """Return the components of a service."""
    table, now = make_table("COMPONENT", "STATE", "VERSION", "UPTIME", "RESTARTS", "REASON"), datetime.now(UTC)
    for one in service.components:
        table.add_row(
            clean(one.name),
            show_state(one),
            clean(one.version),
            format_age(one.started_at, now) if one.observed == one.desired else "",
            str(one.restarts or ""),
            clean(one.reason or one.error),
        )
    return table


def show_drift(service: pb.ServiceStatus) -> list[Text]:
    """Return a line for each field that differs from the definition."""
    return [
        clean(
            f"{one.name}: {drift.field} is {drift.observed or 'nothing'}, should be {drift.desired or 'nothing'}", RED
        )
        for one in service.components
        for drift in one.drift
    ]


def show_events(events: Iterable[pb.Event], node: str = "") -> Table:
    """Return events in the order given."""
    table = make_table("TIME", *(["NODE"] if node else []), "SERVICE", "COMPONENT", "EVENT", "BY", "DETAIL")
    for event in events:
        table.add_row(format_time(event.at), *([node] if node else []), *_event_cells(event))
    return table


def event_line(event: pb.Event, node: str) -> Text:
    """Return an event as one line of a stream."""
    cells = [Text(format_time(event.at), DIM), Text(node), *_event_cells(event)]
    return Text("  ").join(cell for cell in cells if cell.plain)


def show_steps(plan: pb.PlanDeployResponse) -> Table:
    """Return what a deployment would do."""
    table = make_table("COMPONENT", "ACTION", "REASON")
    for step in plan.steps:
        table.add_row(clean(step.component), clean(step.action, _ACTIONS.get(step.action, YELLOW)), clean(step.reason))
        for change in step.changes:
            text = f"{change.field}: {change.observed or 'nothing'} → {change.desired or 'nothing'}"
            table.add_row("", "", clean(text, DIM))
    return table


def show_results(results: Iterable[pb.Result]) -> Table:
    """Return what was done with each component; the last lines of one that failed are below it."""
    table = make_table("COMPONENT", "DONE", "VERSION", "WHY")
    for result in results:
        style = _ACTIONS.get(result.action, GREEN) if result.ok else RED
        why = result.error or result.status.reason
        table.add_row(
            clean(result.component), clean(result.action or "failed", style), clean(result.status.version), clean(why)
        )
        for line in result.last_lines:
            table.add_row("", "", "", Text("│ ", DIM) + clean(line))
    return table


def _event_cells(event: pb.Event) -> list[Text]:
    change = f"{name_state(getattr(event, 'from'))} → {name_state(event.to)}" if event.to else ""
    detail = event.detail or change
    return [clean(text) for text in (event.service, event.component, event.kind, event.by, detail)]


def _add_container(table: Table, node: str, one: pb.ComponentStatus, now: datetime, style: str = "") -> None:
    table.add_row(
        node,
        clean(one.container or one.name, style),
        show_state(one),
        clean(one.version),
        format_age(one.started_at, now) if not one.finished_at.seconds > one.started_at.seconds else "",
        str(one.restarts or ""),
        clean(one.image, style),
    )


def _add_failed_node(table: Table, answer: Answer[pb.ListServicesResponse] | Answer[pb.LiveCheckResponse]) -> None:
    message = answer.error.message if answer.error else ""
    empty = [""] * (len(table.columns) - 3)
    table.add_row(answer.node, "-", Text("no answer", RED), *empty[:-1], "", clean(message, RED))
