"""Reads the newest lines of a service's log, as many as fit the budget."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import cleaned
from ci_mcp_kit.token_count import count_tokens
from ci_mcp_logs.line_budget import new_nonce
from drone_mcp_nodes.formatting import moment
from drone_mcp_nodes.reading.views import LogView
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_nodes.access import NodesAccess, Place

MOST_LINES: Final = 2_000  # that a node is asked for
OVERHEAD: Final = 80  # tokens of the answer without the lines
LONGEST_LINE: Final = 1_000  # characters that are shown of a line


async def read_logs(access: NodesAccess, place: Place, component: str, contains: str, budget: int) -> LogView:
    """Return the newest lines that fit a budget in tokens, oldest first; only those with a text, where one is given."""
    request = pb.ReadLogsRequest(service=place.service, component=component, tail=MOST_LINES)
    async with aclosing(access.stream(place.node, "ReadLogs", request)) as stream:
        lines: list[pb.LogLine] = [line async for line in stream]
    return choose_lines(place, lines, contains, budget)


def choose_lines(place: Place, lines: Sequence[pb.LogLine], contains: str, budget: int) -> LogView:
    """Return the answer for lines that are in order. Pure, but for the marks around them."""
    # Lines of several components come one component after the other.
    ordered = sorted(lines, key=lambda line: (line.at.seconds, line.at.nanos))
    names = len({line.component for line in ordered}) > 1
    texts = []
    for line in ordered:
        if contains.lower() in line.text.lower():
            text = cleaned(line.text.rstrip("\n"))
            short = text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…"
            parts = (moment(line.at), line.component if names else "", short)
            texts.append(" ".join(part for part in parts if part))
    room, kept = budget - OVERHEAD, len(texts)
    while kept and (room := room - count_tokens(texts[kept - 1])) >= 0:
        kept -= 1
    shown, nonce = texts[kept:], new_nonce()
    narrower = "name a component, give contains, or a larger token_budget"
    return LogView(
        service=str(place),
        lines=len(shown),
        text="\n".join((f"<<<log {nonce}", *shown, f"{nonce} log>>>")) if shown else "",
        left_out=f"{kept} older lines: {narrower}" if kept else "",
        next_step="" if texts else "There are no such lines; look at the events with nodes_list_events",
    )
