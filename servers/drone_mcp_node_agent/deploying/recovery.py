"""Ends the operations that a daemon began and could not end, because it was killed or its node failed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ci_mcp_kit.errors import ServiceError
from drone_mcp_node_agent.deploying.checking import make_event
from drone_mcp_node_agent.deploying.moving import clean_up, go_back
from drone_mcp_node_agent.deploying.swap import Swap
from drone_mcp_node_agent.registry.records import Phase
from drone_mcp_node_agent.runtime.runtime import RuntimeFault

if TYPE_CHECKING:
    from drone_mcp_node_agent.deploying.lifecycle import Lifecycle
    from drone_mcp_node_agent.registry.records import OperationRecord
    from drone_mcp_node_agent.registry.registry import Registry
    from drone_mcp_node_agent.runtime.runtime import Runtime

logger = logging.getLogger(__name__)


class Recovery:
    """Finishes or goes back, as the journal says.

    Args:
        runtime: the container engine.
        registry: the daemon's memory, with the journal.
        lifecycle: for operations that are finished by doing them again.
    """

    def __init__(self, runtime: Runtime, registry: Registry, lifecycle: Lifecycle) -> None:
        self._runtime = runtime
        self._registry = registry
        self._lifecycle = lifecycle

    async def run_all(self) -> None:
        """End what can be ended; what cannot stays in the journal, and the daemon serves the other services."""
        for operation in await self._registry.list_unended_operations():
            try:
                await self._end(operation)
            except (RuntimeFault, ServiceError):
                logger.exception("The %s of %s could not be recovered yet", operation.kind, operation.service)

    async def run(self, service: str) -> None:
        """End the operations of one service; RuntimeFault or ServiceError if one cannot be ended."""
        for operation in await self._registry.list_unended_operations():
            if operation.service == service:
                await self._end(operation)

    async def _end(self, operation: OperationRecord) -> None:
        detail = await self._finish_or_go_back(operation)
        await self._registry.end_operation(operation.id)
        event = make_event(operation.service, "", "recovered", f"{operation.kind}: {detail}", operation.by)
        await self._registry.add_events(event)
        logger.warning("Recovered an interrupted %s of %s: %s", operation.kind, operation.service, detail)

    async def _finish_or_go_back(self, operation: OperationRecord) -> str:
        """Return in words which of the two was done."""
        if "swaps" in operation.journal:
            swaps = [Swap.from_json(facts) for facts in operation.journal["swaps"]]
            if operation.phase is Phase.COMMITTED:
                await clean_up(self._runtime, swaps)
                return "it was in force already, and its old containers are removed now"
            await go_back(self._runtime, swaps)
            return "it was interrupted, and the old containers are in place again"
        record = await self._registry.find_service(operation.service)
        component = operation.journal.get("component", "")
        if record and operation.kind == "stop":
            await self._lifecycle.stop(record.spec, component)
        elif record and operation.kind == "restart":
            await self._lifecycle.restart(record.spec, component)
        elif record and operation.kind == "remove":
            await self._lifecycle.remove(record.spec)
            await self._registry.remove_service(operation.service)
        return "it was finished"
