"""Reads the newest part of the conversation with an agent, which exists only while it is connected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import cleaned
from ci_mcp_kit.token_count import count_tokens
from ci_mcp_logs.line_budget import new_nonce
from coder_client import calls
from coder_client.errors import AgentUnavailable
from fleet_mcp.quoting import minute, quote_text
from fleet_mcp.reading.showing import full_name
from fleet_mcp.reading.views import MessageList
from fleet_mcp.rules.state import choose_agent

if TYPE_CHECKING:
    from coder_client.models import Message, Workspace
    from fleet_mcp.access import FleetAccess

OVERHEAD: Final = 60  # tokens of the answer without the messages
PER_MESSAGE: Final = 30  # tokens of marks, role and time
CHARACTERS: Final = 3  # of a text, at least, for each token of its budget


def find_conversation(access: FleetAccess, workspace: Workspace) -> tuple[str, str, str, str]:
    """Return owner, workspace, agent and application, by which the app proxy finds a conversation.

    Raises:
        AgentUnavailable: the workspace has no agent now.
    """
    app = access.settings.contract.app
    agent = choose_agent(workspace.latest_build, app)
    if agent is None or agent.status != "connected":
        raise AgentUnavailable(
            f"{full_name(workspace)} is not connected, and its conversation can be read only while it is",
            next_step="Read what it did with fleet_task_history, or start it with fleet_start_task",
        )
    return workspace.owner_name, workspace.name, agent.name, app


async def get_messages(access: FleetAccess, agent: str, budget: int) -> MessageList:
    """Return the newest messages that fit a budget in tokens, oldest first."""
    workspace, _ = await access.find(agent)
    place = find_conversation(access, workspace)
    every = (await (await access.client()).send(calls.get_messages(*place))).messages
    kept = choose_messages(every, budget - OVERHEAD)
    nonce, room = new_nonce(), (budget - OVERHEAD) * CHARACTERS // max(1, len(kept))
    left_out = len(every) - len(kept)
    return MessageList(
        agent=full_name(workspace),
        messages=tuple(
            f"{one.id} {one.role} {minute(one.time)}\n{quote_text(one.content, nonce, max(200, room))}" for one in kept
        ),
        left_out=f"{left_out} older messages" if left_out else "",
        next_step="" if every else "Nobody has said anything yet",
    )


def choose_messages(messages: tuple[Message, ...], budget: int) -> tuple[Message, ...]:
    """Return the newest messages whose texts fit a budget in tokens, at least one. Pure."""
    kept: list[Message] = []
    for message in reversed(messages):
        budget -= count_tokens(cleaned(message.content)) + PER_MESSAGE
        if budget < 0 and kept:
            break
        kept.insert(0, message)
    return tuple(kept)
