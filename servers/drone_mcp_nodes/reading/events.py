"""Lists events of nodes: what was done to services and what happened to them, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.protobuf.timestamp_pb2 import Timestamp

from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.token_count import count_tokens
from ci_mcp_logs.answer_text import bounded
from drone_mcp_nodes.formatting import NAME_WIDTH, REASON_WIDTH, moment
from drone_mcp_nodes.reading.views import EventList
from drone_mcp_nodes.rules.standing import state_word
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from drone_mcp_nodes.access import NodesAccess

ROOM: Final = 1_800  # tokens of the lines of an answer


def describe_event(event: pb.Event, node: str = "") -> str:
    """Return an event on one line: `2026-11-29T10:00:00Z shop-web exited running -> exited: code 3 (by mona)`."""
    names = "/".join(part for part in (node, event.service, event.component) if part)
    states = " -> ".join(word for state in (getattr(event, "from"), event.to) if (word := state_word(state)))
    detail = one_line(event.detail, REASON_WIDTH)
    by = f" (by {one_line(event.by, NAME_WIDTH)})" if event.by else ""
    head = " ".join(part for part in (moment(event.at), names, one_line(event.kind, NAME_WIDTH), states) if part)
    return f"{head}{f': {detail}' if detail else ''}{by}"


async def list_events(
    access: NodesAccess, node: str, service: str, component: str, *, since: float, limit: int
) -> EventList:
    """Return the newest events of one service, of one node, or of all nodes."""
    begin = Timestamp(seconds=int(since))
    request = pb.ListEventsRequest(service=service, component=component, since=begin, limit=limit)
    answers = await access.read_all("ListEvents", request, only=node)
    notes = [one_line(answer.message, REASON_WIDTH) for answer in answers.values() if isinstance(answer, ServiceError)]
    found = [
        (event, name)
        for name, answer in answers.items()
        if not isinstance(answer, ServiceError)
        for event in answer.events
        if not event.service or access.scope.sees(f"{name}/{event.service}")
    ]
    newest = sorted(found, key=lambda one: (one[0].at.seconds, one[0].at.nanos, one[0].id), reverse=True)[:limit]
    lines = [describe_event(event, name) for event, name in newest]
    kept = bounded(lines, ROOM, count_tokens)
    is_cut = kept != lines
    return EventList(
        events=tuple(kept[:-1] if is_cut else kept),
        notes=tuple(notes),
        left_out=f"{kept[-1]} older: name a service or fewer hours" if is_cut else "",
        next_step="" if lines else "Nothing happened in these hours; give more of them",
    )
