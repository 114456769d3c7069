"""The tools that change something, each through the guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from mcp.server.mcpserver import Context
from mcp.types import InputRequiredResult
from pydantic import Field

from ci_mcp_kit.tools import tool
from fleet_mcp.arguments import AgentName, Confirmation, DryRun, Once, check_key, check_project
from fleet_mcp.guard.rules import OPERATIONS
from fleet_mcp.writing.views import ChangedView

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_kit.guard.acting import Actor
    from fleet_mcp.access import FleetAccess
    from fleet_mcp.writing.base import FleetChange

Answer = ChangedView | InputRequiredResult
OPERATION_OF: Final = {
    "fleet_create_agent": "create",
    "fleet_start_task": "start",
    "fleet_send_message": "message",
    "fleet_stop_task": "stop",
    "fleet_set_pull_request": "link",
    "fleet_delete_agent": "delete",
}
GUIDE = """\
- Create, give work, talk, stop, record, delete: fleet_create_agent, fleet_start_task, fleet_send_message, \
fleet_stop_task, fleet_set_pull_request, fleet_delete_agent. They take dry_run; creating and starting answer at once.

NOT_CONFIRMED means that a person has to agree: put the question to them as it is, and never answer it yourself."""
"""The lines of the server's instructions about these tools."""


class WritingTools:
    """The tools that change something. `clock` gives the Unix time."""

    def __init__(self, access: FleetAccess, actor: Actor, clock: Callable[[], float]) -> None:
        self._access = access
        self._actor = actor
        self._clock = clock

    @tool(title="Create an agent", schema="fleet-change/1", writes=True)
    async def fleet_create_agent(
        self,
        context: Context[Any, Any],
        name: Annotated[str, Field(description="letters, digits, hyphens; at most 32")],
        role: Annotated[str, Field(description="of fleet_list_roles")],
        project: Annotated[str, Field(description="owner/name")],
        task: Annotated[str, Field(description="what to do first")],
        template: Annotated[str | None, Field(description="if several serve the role")] = None,
        once: Once = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Create an agent with a task; answers at once, before it runs."""
        from fleet_mcp.writing.base import check_text  # noqa: PLC0415 - on first use, to start fast
        from fleet_mcp.writing.creating import CreateChange  # noqa: PLC0415 - likewise

        self._access.split_name(name)
        rules = self._access.settings.guard.rules
        is_sent_at_once = not (dry_run or self._actor.rehearses or OPERATIONS["create"].risk >= rules.confirm)
        change = CreateChange(
            access=self._access,
            clock=self._clock,
            name="create",
            agent=name,
            project=check_project(project),
            role=role,
            task=check_text(task, "task"),
            template=template,
            once=check_key(once),
            is_sent_at_once=is_sent_at_once,
        )
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Start a task", schema="fleet-change/1", writes=True, destructive=True)
    async def fleet_start_task(
        self,
        context: Context[Any, Any],
        agent: AgentName,
        task: Annotated[str, Field(description="what to do")],
        deliver: Annotated[
            Literal["run", "message"],
            Field(description="run: restarts it, in its history; message: to a connected one"),
        ] = "run",
        once: Once = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Give an agent its next task; the outcome of the previous one is kept."""
        from fleet_mcp.writing.base import check_text  # noqa: PLC0415 - likewise
        from fleet_mcp.writing.building import StartChange  # noqa: PLC0415 - on first use, to start fast
        from fleet_mcp.writing.talking import MessageChange  # noqa: PLC0415 - likewise

        text, common = check_text(task, "task"), await self._common("start", agent, once)
        change: FleetChange = StartChange(**common, task=text)
        if deliver == "message":
            change = MessageChange(**common, message=text)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Send a message", schema="fleet-change/1", writes=True)
    async def fleet_send_message(
        self,
        context: Context[Any, Any],
        agent: AgentName,
        message: Annotated[str, Field(description="what to say")],
        once: Once = None,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Say something to a connected agent."""
        from fleet_mcp.writing.base import check_text  # noqa: PLC0415 - on first use, to start fast
        from fleet_mcp.writing.talking import MessageChange  # noqa: PLC0415 - likewise

        text = check_text(message, "message")
        change = MessageChange(**await self._common("message", agent, once), message=text)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Stop a task", schema="fleet-change/1", writes=True, destructive=True)
    async def fleet_stop_task(
        self,
        context: Context[Any, Any],
        agent: AgentName,
        interrupt: Annotated[bool, Field(description="only interrupt if reachable, and leave it up")] = False,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Stop an agent and keep the outcome of its task, or interrupt it."""
        from fleet_mcp.writing.building import StopChange  # noqa: PLC0415 - on first use, to start fast

        change = StopChange(**await self._common("stop", agent), interrupt=interrupt)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Record a pull request", schema="fleet-change/1", writes=True, destructive=True)
    async def fleet_set_pull_request(
        self,
        context: Context[Any, Any],
        agent: AgentName,
        address: Annotated[str, Field(description="of the pull request or branch at the forge")],
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Record an agent's pull request or branch, which it has not reported itself; restarts one that is up."""
        from fleet_mcp.writing.building import LinkChange  # noqa: PLC0415 - on first use, to start fast

        change = LinkChange(**await self._common("link", agent), address=address.strip())
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Delete an agent", schema="fleet-change/1", writes=True, destructive=True)
    async def fleet_delete_agent(
        self,
        context: Context[Any, Any],
        agent: AgentName,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Delete an agent and its workspace; its history stays. A person has to confirm."""
        from fleet_mcp.writing.building import DeleteChange  # noqa: PLC0415 - on first use, to start fast

        change = DeleteChange(**await self._common("delete", agent))
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    async def _common(self, operation: str, agent: str, once: str | None = None) -> dict[str, Any]:
        """Return the arguments of every change of an agent that exists.

        Its project, by which the guard decides, is read first; not where changes are off, as nothing is asked then.
        """
        from fleet_mcp.writing.base import AgentReader  # noqa: PLC0415 - on first use, to start fast

        key, reader, project = check_key(once), AgentReader(self._access, agent), ""
        async with self._actor.recording_refusals(operation=operation, agent=agent):
            if self._access.settings.guard.rules.mode != "off":
                project = await reader.find_project()
        common = {"access": self._access, "clock": self._clock, "reader": reader, "name": operation}
        return {**common, "agent": agent, "project": project, "once": key}
