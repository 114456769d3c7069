"""The tools that read: arguments in, one or few calls, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field

from ci_mcp_kit.tools import tool
from drone_mcp_nodes.arguments import Component, ServiceName, check_component, check_tag
from drone_mcp_nodes.reading.views import (
    EventList,
    LogView,
    NodeList,
    PlanView,
    RevisionList,
    ServiceList,
    StatusView,
    WaitView,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_nodes.access import NodesAccess

    Pause = Callable[[float], Awaitable[None]]

GUIDE = """\
- What runs where, what is down, unhealthy or flapping: nodes_list_nodes, nodes_list_services, then nodes_get_status.
- Why: nodes_get_logs, nodes_list_events. What ran before: nodes_list_revisions.
- Before a deployment: nodes_plan_deploy. After it: nodes_wait_for_service."""
"""The lines of the server's instructions about these tools."""

Version = Annotated[str, Field(description="tag of the image, default: as defined")]
OneComponent = Annotated[str, Field(description="default: all; required with version if there are several")]


class ReadingTools:
    """The tools that read. `clock` gives the Unix time, `pause` sleeps."""

    def __init__(self, access: NodesAccess, clock: Callable[[], float], pause: Pause) -> None:
        self._access = access
        self._clock = clock
        self._pause = pause

    @tool(title="List nodes", schema="node-list/1")
    async def nodes_list_nodes(self) -> NodeList:
        """All nodes: whether their daemons answer, free memory and disk, how their services stand."""
        from drone_mcp_nodes.reading.listing import list_nodes  # noqa: PLC0415 - on first use, to start fast

        return await list_nodes(self._access, self._clock())

    @tool(title="List services", schema="node-services/1")
    async def nodes_list_services(
        self,
        node: Annotated[str, Field(description="default: all")] = "",
        state: Annotated[str, Field(description="like unhealthy or running; attention: needs somebody")] = "",
        live: Annotated[bool, Field(description="look at the containers now, not at the last look")] = False,
    ) -> ServiceList:
        """Services of all nodes with state, versions and reason, worst first."""
        from drone_mcp_nodes.reading.listing import list_services  # noqa: PLC0415 - likewise

        return await list_services(self._access, node, state, live=live)

    @tool(title="Get a service's status", schema="node-status/1")
    async def nodes_get_status(self, service: ServiceName) -> StatusView:
        """How a service stands and why: components, drift from its definition, builds of its images, newest events."""
        from drone_mcp_nodes.reading.status import get_status  # noqa: PLC0415 - likewise

        return await get_status(self._access, self._access.locate(service), self._clock())

    @tool(title="Plan a deployment", schema="node-plan/1")
    async def nodes_plan_deploy(
        self, service: ServiceName, component: OneComponent = "", version: Version = ""
    ) -> PlanView:
        """What a deployment of a service's definition would do to each component, and the plan to deploy it by."""
        from drone_mcp_nodes.reading.planning import plan_deploy  # noqa: PLC0415 - likewise

        place = self._access.locate(service)
        return await plan_deploy(self._access, place, check_component(component), check_tag(version))

    @tool(title="Read a service's log", schema="node-log/1")
    async def nodes_get_logs(
        self,
        service: ServiceName,
        component: Component = "",
        contains: Annotated[str, Field(description="only lines with this text")] = "",
        token_budget: Annotated[int, Field(ge=200, le=10_000, description="200 to 10000")] = 1_500,
    ) -> LogView:
        """The newest lines that a service's containers wrote."""
        from drone_mcp_nodes.reading.logs import read_logs  # noqa: PLC0415 - likewise

        place = self._access.locate(service)
        return await read_logs(self._access, place, check_component(component), contains, token_budget)

    @tool(title="List events", schema="node-events/1")
    async def nodes_list_events(
        self,
        service: Annotated[str, Field(description="node/service, default: all")] = "",
        node: Annotated[str, Field(description="default: all")] = "",
        component: Component = "",
        hours: Annotated[float, Field(gt=0, le=720, description="how far back, at most 720")] = 24,
        limit: Annotated[int, Field(ge=1, le=200, description="1 to 200")] = 50,
    ) -> EventList:
        """What was done to services and what happened to them, newest first."""
        from drone_mcp_nodes.reading.events import list_events  # noqa: PLC0415 - likewise

        place = self._access.locate(service) if service else None
        return await list_events(
            self._access,
            place.node if place else node,
            place.service if place else "",
            check_component(component),
            since=self._clock() - 3_600 * hours,
            limit=limit,
        )

    @tool(title="List revisions", schema="node-revisions/1")
    async def nodes_list_revisions(self, service: ServiceName) -> RevisionList:
        """What was deployed of a service, by whom and with what outcome, newest first."""
        from drone_mcp_nodes.reading.revisions import list_revisions  # noqa: PLC0415 - likewise

        return await list_revisions(self._access, self._access.locate(service))

    @tool(title="Wait for a service", schema="node-wait/1")
    async def nodes_wait_for_service(
        self,
        context: Context[Any, Any],
        service: ServiceName,
        seconds: Annotated[float, Field(ge=0, le=45, description="0 to 45")] = 40,
    ) -> WaitView:
        """Wait until no operation on a service is under way and none of its components is starting."""
        from drone_mcp_nodes.reading.waiting import Wait  # noqa: PLC0415 - likewise

        wait = Wait(self._access, self._access.locate(service), self._clock, self._pause)
        return await wait.run(seconds, context.report_progress)
