"""Shows the nodes of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_nodes_api.wire import agent_pb2 as pb
from drone_nodes import exit_codes
from drone_nodes.pages.printing import answer_to_json, print_json, print_page
from drone_nodes.pages.tables import make_table
from drone_nodes.pages.words import clean

if TYPE_CHECKING:
    from drone_mcp_nodes_api.client import NodeClient
    from drone_nodes.session import Session

_GIB = 1024**3


async def list_nodes(session: Session, *, as_json: bool) -> int:
    """Show each node, whether it answers, and who we are there."""

    async def ask(client: NodeClient) -> pb.GetNodeResponse:
        return await client.call(client.methods.GetNode, pb.GetNodeRequest())

    answers = await session.ask(ask)
    if as_json:
        found = [{"address": _address(session, answer.node)} | answer_to_json(answer) for answer in answers]
        print_json({"nodes": found})
        return exit_codes.DONE
    table = make_table("NODE", "ADDRESS", "AGENT", "RUNTIME", "MEMORY FREE", "DISK FREE", "YOU")
    for answer in answers:
        where, node = (answer.node, _address(session, answer.node)), answer.value
        if node is None:
            table.add_row(*where, clean(f"no answer: {answer.error}", "red"))
            continue
        runtime = clean(node.runtime_error, "red") or clean(f"{node.runtime} {node.runtime_version}")
        free = (f"{size / _GIB:.1f} GiB" if size else "" for size in (node.memory_free, node.disk_free))
        table.add_row(*where, clean(node.agent_version), runtime, *free, clean(f"{node.caller} ({node.role})"))
    print_page(table)
    return exit_codes.DONE


def _address(session: Session, node: str) -> str:
    return session.configuration.endpoints[node].address
