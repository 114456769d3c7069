"""Brings what is wanted of services into the registry, and stops what is inactive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.json_format import MessageToDict

from drone_mcp_node_agent.deploying.status_check import make_event
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from drone_mcp_node_agent.deploying.lifecycle import Lifecycle
    from drone_mcp_node_agent.registry.registry import Registry


class Synchronisation:
    """One synchronisation of several services.

    Args:
        registry: the daemon's memory.
        lifecycle: stops containers.
        by: who asked for it.
    """

    def __init__(self, registry: Registry, lifecycle: Lifecycle, by: str) -> None:
        self._registry = registry
        self._lifecycle = lifecycle
        self._by = by

    async def apply(self, spec: pb.ServiceSpec, *, dry_run: bool) -> pb.SyncSummary:
        """Keep what is wanted of a service and return what has changed, or with `dry_run` what would."""
        record = await self._registry.find_service(spec.name)
        details = compare_specs(record.spec if record else None, spec)
        change = "unchanged" if not details else "updated" if record else "created"
        if dry_run:
            if not spec.active and (running := await self._lifecycle.find_running(spec)):
                change = "stopped"
                details += [f"{component}: would be stopped" for component in running]
            return pb.SyncSummary(service=spec.name, change=change, details=details)
        operation = 0 if spec.active else await self._registry.begin_operation(spec.name, "stop", self._by, {})
        if details:
            await self._registry.put_spec(spec)
            await self._registry.add_events(make_event(spec.name, "", "synced", "; ".join(details), self._by))
        if operation:
            stopped = [one for one in await self._lifecycle.stop(spec) if one.action != "unchanged"]
            await self._registry.end_operation(operation)
            details += [f"{one.component}: {one.error or one.action}" for one in stopped]
            if stopped:
                change = "stopped" if all(one.ok for one in stopped) else "failed"
        elif change != "unchanged":
            details.append("its containers are as they were: deploy it to bring them there")
        return pb.SyncSummary(service=spec.name, change=change, details=details)


def compare_specs(before: pb.ServiceSpec | None, now: pb.ServiceSpec) -> list[str]:
    """Return in words where a specification differs from the one before."""
    if before is None:
        return [f"{component.name}: {component.image}" for component in now.components]
    if before == now:
        return []
    old = {component.name: component for component in before.components}
    new = {component.name: component for component in now.components}
    found = [f"{name} is new: {new[name].image}" for name in new if name not in old]
    found += [f"{name} is gone; deploy the service to remove its container" for name in old if name not in new]
    for name, component in new.items():
        if name in old and old[name] != component:
            one, other = MessageToDict(old[name]), MessageToDict(component)
            fields = sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
            found.append(f"{name} differs in {', '.join(fields)}")
    if before.active != now.active:
        found.append("it is active now" if now.active else "it is inactive now")
    return found or ["its labels or the order of its components differ"]
