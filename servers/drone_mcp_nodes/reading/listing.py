"""Lists nodes and services: all nodes are asked at once, and one that does not answer is a line of the answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_http.call import quote_input
from ci_mcp_kit.errors import InvalidInput, ServiceError
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.token_count import count_tokens
from ci_mcp_logs.answer_text import bounded
from drone_mcp_nodes.formatting import REASON_WIDTH, age, cell, fit, plural, size
from drone_mcp_nodes.reading.views import NodeLine, NodeList, ServiceList
from drone_mcp_nodes.rules.standing import KINDS, NEEDS_SOMEBODY, service_standing
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from drone_mcp_nodes.access import NodesAccess
    from drone_mcp_nodes.rules.standing import Standing

BUDGET: Final = 2_400  # tokens of an answer
ROOM: Final = 2_000  # of them for the lines, where even the shortest do not all fit
REASON_WIDTHS: Final = (160, 80, 40, 0)
ATTENTION: Final = "attention"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A service of the list."""

    service: str
    standing: Standing
    status: pb.ServiceStatus


async def list_nodes(access: NodesAccess, now: float) -> NodeList:
    """Return every node with its daemon, its room and the standing of its services."""
    nodes = await access.read_all("GetNode", pb.GetNodeRequest())
    listed = await access.read_all("ListServices", pb.ListServicesRequest())
    lines = [_describe_node(access, node, found, listed[node], now) for node, found in nodes.items()]
    return NodeList(
        nodes=tuple(sorted(lines, key=lambda line: (line.state == "up", line.node))),
        next_step="Look with nodes_list_services and state attention at what needs somebody"
        if any(line.need_somebody for line in lines)
        else "",
    )


def _describe_node(
    access: NodesAccess,
    node: str,
    found: pb.GetNodeResponse | ServiceError,
    listed: pb.ListServicesResponse | ServiceError,
    now: float,
) -> NodeLine:
    if isinstance(found, ServiceError):
        return NodeLine(node=node, state=one_line(found.message, REASON_WIDTH))
    rows = [] if isinstance(listed, ServiceError) else read_rows(access, {node: listed.services})
    runtime = f"{found.runtime} {found.runtime_version}".strip()
    return NodeLine(
        node=node,
        state=f"runtime fails: {one_line(found.runtime_error, REASON_WIDTH)}" if found.runtime_error else "up",
        daemon=one_line(f"{found.agent_version}, {runtime}", REASON_WIDTH),
        services=_count_kinds(rows) or "none",
        need_somebody=sum(row.standing.needs_somebody for row in rows),
        free=f"memory {size(found.memory_free)} of {size(found.memory_total)}, disk {size(found.disk_free)}",
        monitored=f"{age(found.monitored_at, now)} ago" if found.monitored_at.seconds else "never",
    )


async def list_services(access: NodesAccess, node: str, state: str, *, live: bool) -> ServiceList:
    """Return the services of one or all nodes, those that need somebody first.

    Raises:
        InvalidInput: no service is ever in this state.
    """
    if state not in {"", ATTENTION, *KINDS}:
        raise InvalidInput(
            f"No service is ever {quote_input(state)}",
            next_step=f"Give state as {ATTENTION} or one of {', '.join(KINDS)}",
        )
    operation, request = ("LiveCheck", pb.LiveCheckRequest()) if live else ("ListServices", pb.ListServicesRequest())
    answers = await access.read_all(operation, request, only=node)
    silent = {node: answer for node, answer in answers.items() if isinstance(answer, ServiceError)}
    rows = read_rows(access, {node: answer.services for node, answer in answers.items() if node not in silent})
    wanted = NEEDS_SOMEBODY if state == ATTENTION else {state} if state else set(KINDS)
    chosen = sorted(
        (row for row in rows if row.standing.kind in wanted), key=lambda row: (row.standing.rank, row.service)
    )
    notes = [one_line(error.message, REASON_WIDTH) for error in silent.values()]
    unmanaged = {
        node: len(answer.unmanaged)
        for node, answer in answers.items()
        if live and node not in silent and answer.unmanaged
    }
    notes += [f"{node} has {plural(count, 'container')} outside of all services" for node, count in unmanaged.items()]
    return fit(lambda width: _describe_services(chosen, notes, width), REASON_WIDTHS, BUDGET)


def read_rows(access: NodesAccess, found: Mapping[str, Iterable[pb.ServiceStatus]]) -> list[Row]:
    """Return the services that this role may see."""
    return [
        Row(service=name, standing=service_standing(status.components), status=status)
        for node, services in found.items()
        for status in services
        if access.scope.sees(name := f"{node}/{status.name}")
    ]


def _count_kinds(rows: Iterable[Row]) -> str:
    counts = Counter(row.standing.kind for row in rows)
    return ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])


def _describe_services(rows: Sequence[Row], notes: Sequence[str], width: int) -> ServiceList:
    columns = ("service", "state", "versions", *(("reason",) if width else ()))
    lines = []
    for row in rows:
        status, standing = row.status, row.standing
        versions = dict.fromkeys(component.version or "?" for component in status.components)
        names_component = standing.needs_somebody and len(status.components) > 1
        state = f"{standing.kind} ({cell(standing.component)})" if names_component else standing.kind
        if status.operation:
            state += f", {cell(status.operation)} under way"
        reason = [cell(status.reason, width)] if width else []
        lines.append(" | ".join((cell(row.service), state, cell(" ".join(versions)), *reason)).rstrip(" |"))
    kept = bounded(lines, ROOM, count_tokens) if width == 0 else lines
    is_cut = kept != lines
    return ServiceList(
        summary=f"{plural(len(rows), 'service')}: {_count_kinds(rows)}" if rows else "No services",
        columns=" | ".join(columns),
        services="\n".join(kept[:-1] if is_cut else kept),
        left_out=f"{kept[-1]}: filter by node or state" if is_cut else "",
        notes=tuple(notes),
        next_step="Look at a service with nodes_get_status" if any(row.standing.needs_somebody for row in rows) else "",
    )
