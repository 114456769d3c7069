"""Ends the operations that a daemon began and could not end, because it was killed or its node failed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ci_mcp_kit.errors import ServiceError
from drone_mcp_node_agent.deploying.status_check import make_event
from drone_mcp_node_agent.deploying.swap import Swap
from drone_mcp_node_agent.deploying.swap_execution import clean_up, go_back
from drone_mcp_node_agent.registry.records import Phase
from drone_mcp_node_agent.runtime.runtime import RuntimeFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_node_agent.deploying.lifecycle import Lifecycle
    from drone_mcp_node_agent.registry.records import OperationRecord, ServiceRecord
    from drone_mcp_node_agent.registry.registry import Registry
    from drone_mcp_node_agent.runtime.runtime import Runtime
    from drone_mcp_nodes_api.wire import agent_pb2 as pb

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
        record = await self._registry.find_service(operation.service)
        if operation.phase is Phase.COMMITTED:
            await clean_up(self._runtime, _read_swaps(operation))
            return "it was in force already, and what it no longer needs is removed now"
        if "swaps" in operation.journal:
            await go_back(self._runtime, _read_swaps(operation))
            results = list["pb.Result"]()
            if record and operation.kind == "start":
                for component in record.spec.components:
                    if not record.runs(component.name):
                        results += await self._lifecycle.stop(record.spec, component.name)
            if failures := _describe_failures(results):
                return f"it was interrupted, and the way back {failures}"
            return "it was interrupted, and the containers are as they were before it"
        if "renames" in operation.journal:
            await self._rename_back(operation.journal["renames"])
            return "it was interrupted, and the containers have their old names again"
        if record is None:
            return "there was nothing left to do"
        failures = _describe_failures(await self._finish(operation, record))
        return f"it was tried again, and {failures}" if failures else "it was finished"

    async def _finish(self, operation: OperationRecord, record: ServiceRecord) -> list[pb.Result]:
        component, results = operation.journal.get("component", ""), list["pb.Result"]()
        if operation.kind == "restart":
            results = await self._lifecycle.restart(record.spec, component)
        elif operation.kind == "stop":
            await self._registry.set_wanted(operation.service, component, runs=False)
            results = await self._lifecycle.stop(record.spec, component)
        elif operation.kind == "remove":
            results = await self._lifecycle.remove(record.spec)
            if all(result.ok for result in results):
                await self._registry.remove_service(operation.service)
        return results

    async def _rename_back(self, renames: Sequence[tuple[str, str]]) -> None:
        """Give containers the names that they had before an adoption, except for one that still has it."""
        found = await self._runtime.inspect([name for names in renames for name in names])
        for old, new in renames:
            if new in found and old not in found:
                await self._runtime.rename(new, old)


def _read_swaps(operation: OperationRecord) -> list[Swap]:
    return [Swap.from_json(facts) for facts in operation.journal.get("swaps", ())]


def _describe_failures(results: Sequence[pb.Result]) -> str:
    failures = [f"{result.component}: {result.error}" for result in results if not result.ok]
    return f"failed. {'; '.join(failures)}" if failures else ""
