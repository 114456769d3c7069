"""Follows the engine's events, so that a component that ends is seen at once, and how often, between two looks."""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import anyio

from drone_mcp_node_agent.runtime.runtime import RuntimeFault
from drone_mcp_nodes_api.definitions.naming import name_container
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drone_mcp_node_agent.registry.registry import Registry
    from drone_mcp_node_agent.runtime.runtime import Runtime, RuntimeEvent

logger = logging.getLogger(__name__)

SECONDS: Final = 1.0  # in which the ends of a component are counted together: one may end several times a second
NOTABLE: Final = {"died", "start", "remove", "pause", "unpause", "oom", "health_status"}


class Follower:
    """Writes events of the kind `died` into the registry, and reports when something has changed.

    Args:
        runtime: the container engine.
        registry: the daemon's memory.
        in_progress: returns the services that something is being done to: what ends there is meant to.
        on_change: called when a container of a service has changed.
    """

    def __init__(
        self,
        runtime: Runtime,
        registry: Registry,
        in_progress: Callable[[], Mapping[str, str]],
        on_change: Callable[[], None],
    ) -> None:
        self._runtime = runtime
        self._registry = registry
        self._in_progress = in_progress
        self._on_change = on_change
        self._ends: Counter[tuple[str, str]] = Counter()

    async def follow(self) -> None:
        """Follow events until the engine's command ends."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write_ends)
            try:
                async with self._runtime.follow_events() as events:
                    async for event in events:
                        self._take(event)
            except RuntimeFault as fault:
                logger.warning("The events of containers are not followed: %s. %s", fault.message, fault.next_step)
            tasks.cancel_scope.cancel()

    def _take(self, event: RuntimeEvent) -> None:
        service, component = event.labels.get("nodes.service", ""), event.labels.get("nodes.component", "")
        # A container under a temporary name is one that a deployment replaces.
        if event.kind not in NOTABLE or not service or event.container != name_container(service, component):
            return
        if service in self._in_progress():
            return
        if event.kind == "died":
            self._ends[service, component] += 1
        self._on_change()

    async def _write_ends(self) -> None:
        while True:
            await anyio.sleep(SECONDS)
            ends, self._ends = self._ends, Counter()
            events = []
            for service, component in ends:
                event = pb.Event(service=service, component=component, kind="died", by="podman")
                event.detail = f"The container has ended ({ends[service, component]} times within a second)"
                event.at.FromNanoseconds(time.time_ns())
                events.append(event)
            await self._registry.add_events(*events, counts=[*ends.values()])
