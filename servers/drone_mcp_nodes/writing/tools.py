"""The tools that change something, each through the guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from mcp.server.mcpserver import Context
from mcp.types import InputRequiredResult
from pydantic import Field

from ci_mcp_kit.tools import tool
from drone_mcp_nodes.access import Place
from drone_mcp_nodes.arguments import (
    Component,
    Confirmation,
    DryRun,
    ServiceName,
    check_component,
    check_name,
    check_tag,
)
from drone_mcp_nodes.writing.views import ChangedView

if TYPE_CHECKING:
    from ci_mcp_kit.guard.acting import Actor
    from drone_mcp_nodes.access import NodesAccess

Answer = ChangedView | InputRequiredResult
OPERATION_OF: Final = {
    "nodes_restart_service": "restart",
    "nodes_start_service": "start",
    "nodes_deploy_service": "deploy",
    "nodes_rollback_service": "rollback",
    "nodes_sync_services": "sync",
    "nodes_adopt_containers": "adopt",
    "nodes_stop_service": "stop",
}
GUIDE = """\
- Deploy what was planned, go back: nodes_deploy_service, nodes_rollback_service. What does not become healthy is \
taken back, and the answer says why.
- Run as it is: nodes_restart_service, nodes_start_service, nodes_stop_service.
- Bring nodes in line with the definitions, take over containers: nodes_sync_services, nodes_adopt_containers.

NOT_CONFIRMED means that a person has to agree: put the question to them as it is, and never answer it yourself."""
"""The lines of the server's instructions about these tools."""


class WritingTools:
    """The tools that change something."""

    def __init__(self, access: NodesAccess, actor: Actor) -> None:
        self._access = access
        self._actor = actor

    @tool(title="Restart a service", schema="node-change/1", writes=True, destructive=True)
    async def nodes_restart_service(
        self,
        context: Context[Any, Any],
        service: ServiceName,
        component: Component = "",
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Restart a service's containers as they are."""
        from drone_mcp_nodes.writing.running import RestartChange  # noqa: PLC0415 - on first use, to start fast

        change = RestartChange(**await self._common("restart", service), component=check_component(component))
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Start a service", schema="node-change/1", writes=True)
    async def nodes_start_service(
        self,
        context: Context[Any, Any],
        service: ServiceName,
        component: Component = "",
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Start a service that is stopped; removed containers are created again."""
        from drone_mcp_nodes.writing.running import StartChange  # noqa: PLC0415 - on first use, to start fast

        change = StartChange(**await self._common("start", service), component=check_component(component))
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Deploy a service", schema="node-change/1", writes=True, destructive=True)
    async def nodes_deploy_service(
        self,
        context: Context[Any, Any],
        service: ServiceName,
        plan: Annotated[str, Field(description="from nodes_plan_deploy")],
        component: Annotated[str, Field(description="as planned")] = "",
        version: Annotated[str, Field(description="as planned")] = "",
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Deploy exactly what was planned; what does not become healthy is taken back."""
        from drone_mcp_nodes.writing.deploying import DeployChange  # noqa: PLC0415 - on first use, to start fast

        change = DeployChange(
            **await self._common("deploy", service),
            fingerprint=plan.strip(),
            component=check_component(component),
            version=check_tag(version),
        )
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Roll back a service", schema="node-change/1", writes=True, destructive=True)
    async def nodes_rollback_service(
        self,
        context: Context[Any, Any],
        service: ServiceName,
        revision: Annotated[int, Field(ge=0, description="0: the one before")] = 0,
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Deploy what a service was at an earlier revision."""
        from drone_mcp_nodes.writing.deploying import RollbackChange  # noqa: PLC0415 - on first use, to start fast

        change = RollbackChange(**await self._common("rollback", service), revision=revision)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Sync services", schema="node-change/1", writes=True, destructive=True)
    async def nodes_sync_services(
        self,
        context: Context[Any, Any],
        node: Annotated[str, Field(description="of nodes_list_nodes")],
        services: Annotated[
            list[str], Field(max_length=100, description="names; default: all defined; at most 100")
        ] = [],  # noqa: B006 - pydantic copies it
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Send a node its service definitions, and stop inactive services; deploys nothing."""
        from drone_mcp_nodes.writing.sync_and_adopt import SyncChange  # noqa: PLC0415 - on first use, to start fast

        async with self._actor.recording_refusals(operation="sync", service=f"{node}/*"):
            place = Place(self._access.check_node(node), "*")
            names = tuple(sorted({check_name(name, "service") for name in services}))
        change = SyncChange(access=self._access, name="sync", place=place, services=names)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Adopt containers", schema="node-change/1", writes=True)
    async def nodes_adopt_containers(
        self,
        context: Context[Any, Any],
        service: ServiceName,
        prefix: Annotated[str, Field(description="of their names, default: the service's name")] = "",
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Make containers that run already a service; they go on running."""
        from drone_mcp_nodes.writing.sync_and_adopt import AdoptChange  # noqa: PLC0415 - on first use, to start fast

        checked = check_name(prefix, "prefix") if prefix else ""
        change = AdoptChange(**await self._common("adopt", service), prefix=checked)
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    @tool(title="Stop a service", schema="node-change/1", writes=True, destructive=True)
    async def nodes_stop_service(
        self,
        context: Context[Any, Any],
        service: ServiceName,
        component: Component = "",
        dry_run: DryRun = False,
        confirmation: Confirmation = None,
    ) -> ChangedView | InputRequiredResult:
        """Stop a service until someone starts it. A person has to confirm."""
        from drone_mcp_nodes.writing.running import StopChange  # noqa: PLC0415 - on first use, to start fast

        change = StopChange(**await self._common("stop", service), component=check_component(component))
        return await self._actor.act(context, change, dry_run=dry_run, token=confirmation)

    async def _common(self, operation: str, service: str) -> dict[str, Any]:
        """Return the arguments of every change of one service; a refusal of its name is a line of the audit log."""
        async with self._actor.recording_refusals(operation=operation, service=service):
            place = self._access.locate(service)
        return {"access": self._access, "name": operation, "place": place}
