"""Prints logs and events, also as they come."""

from __future__ import annotations

import sys
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.sanitize import sanitize
from drone_mcp_nodes_api.definitions.notation import parse_duration
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from drone_nodes import exit_codes
from drone_nodes.pages.printing import print_json, print_note, print_page, to_json
from drone_nodes.pages.tables import event_line
from drone_nodes.service_lookup import Target, find_node

if TYPE_CHECKING:
    from drone_mcp_nodes_api.client import NodeClient
    from drone_nodes.session import Session

LONGEST_LOG_SECONDS = 300.0  # for the end of a log that is not followed


async def print_logs(session: Session, target: Target, node: str | None, *, tail: int, since: str, follow: bool) -> int:
    """Print the log of a service; each line names its component, unless one was asked for."""
    client = await find_node(session, target.service, node)
    request = pb.ReadLogsRequest(service=target.service, component=target.component, tail=tail, follow=follow)
    if since:
        try:
            seconds = parse_duration(since)
        except ValueError:
            raise InvalidInput(f"--since {since}: this is no duration", next_step="Write such as 10m or 2h") from None
        request.since.FromDatetime(datetime.now(UTC) - timedelta(seconds=seconds))
    lines = client.stream(client.methods.ReadLogs, request, seconds=None if follow else LONGEST_LOG_SECONDS)
    async with aclosing(lines):
        async for line in lines:
            prefix = f"{line.component} | " if line.component and not target.component else ""
            stream = sys.stderr if line.stream == "stderr" else sys.stdout
            stream.write(f"{prefix}{sanitize(line.text)}\n")
            stream.flush()
    return exit_codes.DONE


async def print_events(
    session: Session, service: str, node: str | None, *, limit: int, follow: bool, as_json: bool
) -> int:
    """Print the last events of all nodes in the order of time, then those that come, if wanted."""
    nodes = [(await find_node(session, service, node)).endpoint.node] if service else [node] if node else session.nodes

    async def ask(client: NodeClient) -> pb.ListEventsResponse:
        return await client.call(client.methods.ListEvents, pb.ListEventsRequest(service=service, limit=limit))

    answers = await session.ask(ask, nodes)
    last: dict[str, int] = {}
    found: list[tuple[str, pb.Event]] = []
    for answer in answers:
        if answer.value is None:
            print_note(str(answer.error), "red")
            continue
        last[answer.node] = max((event.id for event in answer.value.events), default=0)
        found.extend((answer.node, event) for event in answer.value.events)
    for name, event in sorted(found, key=lambda one: (one[1].at.ToNanoseconds(), one[1].id))[-limit:]:
        _print_event(name, event, as_json=as_json)
    if follow and last:
        async with anyio.create_task_group() as group:
            for name, after in last.items():
                group.start_soon(_follow, session.client(name), service, after, as_json)
    if not last and answers[0].error:
        return exit_codes.of_error(answers[0].error.code)
    return exit_codes.DONE


async def _follow(client: NodeClient, service: str, after: int, as_json: bool) -> None:
    request = pb.WatchEventsRequest(service=service, after=after)
    async with aclosing(client.stream(client.methods.WatchEvents, request)) as events:
        async for event in events:
            _print_event(client.endpoint.node, event, as_json=as_json)


def _print_event(node: str, event: pb.Event, *, as_json: bool) -> None:
    if as_json:
        print_json({"node": node} | to_json(event))
    else:
        print_page(event_line(event, node))
    sys.stdout.flush()
