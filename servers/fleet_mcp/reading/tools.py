"""The tools that read: arguments in, one or few calls, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field

from ci_mcp_kit.tools import tool
from fleet_mcp.arguments import AgentName
from fleet_mcp.reading.views import (
    AgentList,
    AgentView,
    MessageList,
    ProjectList,
    RoleList,
    TaskHistory,
    WaitView,
)
from fleet_mcp.reading.waiting import Until

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleet_mcp.access import FleetAccess
    from fleet_mcp.reading.waiting import Pause

GUIDE = """\
- Who works on what, who is lost, stuck or has a red build: fleet_list_agents, then fleet_show_agent.
- What an agent did, also a deleted one: fleet_task_history. What it says now: fleet_get_messages.
- Until it is ready or done: fleet_wait_for_agent.
- What a new agent can be: fleet_list_roles, fleet_list_projects."""
"""The lines of the server's instructions about these tools."""


class ReadingTools:
    """The tools that read. `clock` gives the Unix time, `pause` sleeps."""

    def __init__(self, access: FleetAccess, clock: Callable[[], float], pause: Pause) -> None:
        self._access = access
        self._clock = clock
        self._pause = pause

    @tool(title="List agents", schema="fleet-agents/1")
    async def fleet_list_agents(
        self,
        role: Annotated[str, Field(description="default: any")] = "",
        project: Annotated[str, Field(description="owner/name, default: any")] = "",
        state: Annotated[str, Field(description="like lost or working; attention: needs somebody")] = "",
    ) -> AgentList:
        """All agents with role, project, state, task and link, worst first."""
        from fleet_mcp.reading.listing import AgentFilter, list_agents  # noqa: PLC0415 - on first use, to start fast

        wanted = AgentFilter(role=role, project=project, state=state)
        return await list_agents(self._access, wanted, self._clock())

    @tool(title="Show an agent", schema="fleet-agent/1")
    async def fleet_show_agent(self, agent: AgentName) -> AgentView:
        """An agent: state, task, newest reports, build of its pull request or branch."""
        from fleet_mcp.reading.showing import show_agent  # noqa: PLC0415 - likewise

        return await show_agent(self._access, agent, self._clock())

    @tool(title="List roles", schema="fleet-roles/1")
    async def fleet_list_roles(self) -> RoleList:
        """The roles that a new agent can have, with the templates that serve them."""
        from fleet_mcp.reading.offers import list_roles  # noqa: PLC0415 - likewise

        return await list_roles(self._access)

    @tool(title="List projects", schema="fleet-projects/1")
    async def fleet_list_projects(self) -> ProjectList:
        """The projects that agents have or can have, with the templates and presets that serve them."""
        from fleet_mcp.reading.offers import list_projects  # noqa: PLC0415 - likewise

        return await list_projects(self._access)

    @tool(title="Read an agent's tasks", schema="fleet-tasks/1")
    async def fleet_task_history(
        self, agent: AgentName, cursor: Annotated[str | None, Field(description="next_cursor")] = None
    ) -> TaskHistory:
        """An agent's tasks and their outcomes, newest first, 20 a page; also of a deleted agent."""
        from fleet_mcp.reading.past_tasks import read_history  # noqa: PLC0415 - likewise

        return await read_history(self._access, agent, cursor, self._clock())

    @tool(title="Wait for an agent", schema="fleet-wait/1")
    async def fleet_wait_for_agent(
        self,
        context: Context[Any, Any],
        agent: AgentName,
        until: Annotated[Until, Field(description="ready: reachable; done: at rest or needs somebody")] = "done",
        seconds: Annotated[float, Field(ge=0, le=45, description="0 to 45")] = 40,
    ) -> WaitView:
        """Wait until an agent is ready or done."""
        from fleet_mcp.reading.waiting import Wait  # noqa: PLC0415 - likewise

        wait = Wait(self._access, agent, until, self._clock, self._pause)
        return await wait.run(seconds, context.report_progress)

    @tool(title="Read messages", schema="fleet-messages/1")
    async def fleet_get_messages(
        self,
        agent: AgentName,
        token_budget: Annotated[int, Field(ge=200, le=10_000, description="200 to 10000")] = 1_500,
    ) -> MessageList:
        """The newest messages to and from a connected agent."""
        from fleet_mcp.reading.messages import get_messages  # noqa: PLC0415 - likewise

        return await get_messages(self._access, agent, token_budget)
