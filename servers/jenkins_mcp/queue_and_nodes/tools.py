"""The tools about the queue and the machines: arguments in, one call, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ci_mcp_kit.tools import tool
from jenkins_mcp.arguments import Jenkins
from jenkins_mcp.queue_and_nodes.views import NodeList, QueueView

if TYPE_CHECKING:
    from collections.abc import Callable

    from jenkins_mcp.access import JenkinsAccess

GUIDE = "- What waits and why, which machines are offline: jenkins_get_queue, jenkins_list_nodes."
"""The line of the server's instructions about these tools."""


class QueueTools:
    """The tools about the queue and the machines. `clock` gives the Unix time."""

    def __init__(self, access: JenkinsAccess, clock: Callable[[], float]) -> None:
        self._access = access
        self._clock = clock

    @tool(title="Get the queue", schema="jenkins-queue/1")
    async def jenkins_get_queue(
        self,
        job: Annotated[str, Field(description="full name; default: all")] = "",
        limit: Annotated[int, Field(ge=1, le=50, description="1 to 50")] = 20,
        jenkins: Jenkins = None,
    ) -> QueueView:
        """What waits for an executor, since when and why."""
        from jenkins_mcp.client.calls import get_queue  # noqa: PLC0415 - on first use, to start fast
        from jenkins_mcp.queue_and_nodes.answer import describe_queue  # noqa: PLC0415 - likewise

        client = await self._access.client(jenkins)
        name = (await client.job(job)).full_name if job else ""
        read, now = await client.send(get_queue()), int(self._clock() * 1000)
        return describe_queue(read, self._access.scope(jenkins), job=name, limit=limit, now=now)

    @tool(title="List nodes", schema="jenkins-node-list/1")
    async def jenkins_list_nodes(self, jenkins: Jenkins = None) -> NodeList:
        """Machines: executors, labels, why one is offline."""
        from jenkins_mcp.client.calls import list_nodes  # noqa: PLC0415 - on first use, to start fast
        from jenkins_mcp.queue_and_nodes.answer import describe_nodes  # noqa: PLC0415 - likewise

        client = await self._access.client(jenkins)
        return describe_nodes(await client.send(list_nodes()))
