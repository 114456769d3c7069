"""A message to an agent that is connected, as a task or as a word in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.guard.change import Plan, Sent
from coder_client import calls
from coder_client.models import Accepted
from fleet_mcp.quoting import MESSAGE_WIDTH, quote_line
from fleet_mcp.reading.messages import find_conversation
from fleet_mcp.reading.showing import full_name
from fleet_mcp.writing.building import BuildChange

if TYPE_CHECKING:
    from coder_client.models import Workspace
    from fleet_mcp.guard.rules import FleetAction
    from fleet_mcp.rules.contract import Assignment
    from fleet_mcp.rules.state import State
    from fleet_mcp.writing.views import ChangedView


@dataclass(frozen=True, kw_only=True)
class MessageChange(BuildChange):
    """One message. As a task it is no entry of the agent's history, which builds alone are."""

    message: str

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.message,)

    @override
    def plan_on(self, workspace: Workspace, known: Assignment, state: State) -> Plan[FleetAction]:
        place = find_conversation(self.access, workspace)
        call = calls.send_message(*place, self.message, scope=self.project)
        effect = f"send agent {full_name(workspace)} the message {quote_line(self.message, MESSAGE_WIDTH)}"
        return self.make_plan(workspace, state, call, effect)

    @override
    async def find_effect(self, plan: Plan[FleetAction], index: int) -> Sent | None:
        return Sent((Accepted(ok=True),)) if await self._has_arrived() else None

    @override
    async def describe_done(self, plan: Plan[FleetAction], sent: Sent) -> ChangedView:
        view = await super().describe_done(plan, sent)
        try:
            arrived = await self._has_arrived()
        except ServiceError as error:
            return view.model_copy(update={"notes": (*view.notes, f"Not confirmed: {error.message}")})
        note = "Its conversation shows the message" if arrived else "Its conversation does not show the message yet"
        return view.model_copy(update={"notes": (*view.notes, note)})

    @override
    def next_step(self, plan: Plan[FleetAction]) -> str:
        return "Read its answer with fleet_get_messages"

    async def _has_arrived(self) -> bool:
        """Return whether the newest message to the agent is this one."""
        workspace, _ = await self.access.find(self.agent)
        place = find_conversation(self.access, workspace)
        every = (await (await self.access.client()).send(calls.get_messages(*place))).messages
        newest = next((one for one in reversed(every) if one.role == "user"), None)
        # AgentAPI types it into a terminal, which may trim white space.
        return newest is not None and newest.content.split() == self.message.split()
