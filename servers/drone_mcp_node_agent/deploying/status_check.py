"""Asks the container engine how services are, keeps what it says, and writes an event for each change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.concurrency import for_each
from drone_mcp_node_agent.deploying.engine_faults import to_service_error
from drone_mcp_node_agent.deploying.swap import NEXT, PREVIOUS
from drone_mcp_node_agent.planning.component_status import Wanted, observe
from drone_mcp_node_agent.planning.flapping import FlapRule, count_new_restarts
from drone_mcp_node_agent.runtime.runtime import RuntimeFault
from drone_mcp_nodes_api.definitions.naming import name_container, read_version
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from drone_mcp_node_agent.deploying.probing import Prober
    from drone_mcp_node_agent.registry.records import ServiceRecord
    from drone_mcp_node_agent.registry.registry import Registry
    from drone_mcp_node_agent.runtime.runtime import Container, Runtime

BY: Final = "daemon"
_STATES: Final = {"running": pb.STATE_RUNNING, "paused": pb.STATE_PAUSED}


class Checker:
    """Compares what is wanted with what there is.

    Args:
        runtime: the container engine.
        registry: the daemon's memory.
        prober: asks containers for their health.
        flap: when restarts are flapping.
    """

    def __init__(self, runtime: Runtime, registry: Registry, prober: Prober, flap: FlapRule) -> None:
        self._runtime = runtime
        self._registry = registry
        self._prober = prober
        self._flap = flap

    async def check(
        self, records: Sequence[ServiceRecord], busy: Collection[str] = ()
    ) -> dict[str, dict[str, pb.ComponentStatus]]:
        """Ask for the containers of services, keep their statuses, and return them: service -> component -> status.

        Args:
            records: the services.
            busy: those that an operation changes. One that has begun meanwhile is left out, since a container that has
                stepped aside for a moment is not missing.
        """
        names = [name_container(one.spec.name, part.name) for one in records for part in one.spec.components]
        try:
            containers = await self._runtime.inspect(names)
        except RuntimeFault as fault:
            raise to_service_error(fault) from fault
        parts = [(record, component) for record in records for component in record.spec.components]

        async def check_one(part: tuple[ServiceRecord, pb.ComponentSpec]) -> pb.ComponentStatus:
            return await self._check_component(*part, containers)

        found: dict[str, dict[str, pb.ComponentStatus]] = {record.spec.name: {} for record in records}
        for (record, component), status in zip(parts, await for_each(parts, check_one), strict=True):
            found[record.spec.name][component.name] = status
        found = {service: statuses for service, statuses in found.items() if service not in busy}
        await self._registry.put_statuses(found)
        events, counts = [], []
        for record in records:
            for event, count in find_changes(record, found.get(record.spec.name, {})):
                events.append(event)
                counts.append(count)
        await self._registry.add_events(*events, counts=counts)
        return found

    async def _check_component(
        self, record: ServiceRecord, component: pb.ComponentSpec, containers: Mapping[str, Container]
    ) -> pb.ComponentStatus:
        container = containers.get(name_container(record.spec.name, component.name))
        check = await self._prober.check(component, container) if container else None
        restarts = 0
        if container and container.spec.restart != "no":
            since = datetime.now(UTC).timestamp() - self._flap.seconds
            restarted = await self._registry.count_events(record.spec.name, component.name, ["restarted"], since)
            died = await self._registry.count_events(record.spec.name, component.name, ["died"], since)
            if self._flap.is_met(restarted=restarted, died=died):
                restarts = max(restarted, died)
        wanted = Wanted(
            record.spec,
            component,
            runs=record.runs(component.name),
            digest=record.digests.get(component.name, ""),
            restarts=restarts,
        )
        return observe(wanted, container, check, datetime.now(UTC))

    async def check_unmanaged(self, records: Iterable[ServiceRecord]) -> list[pb.ComponentStatus]:
        """Ask for the containers that belong to no service, keep them, and return them."""
        try:
            listed = await self._runtime.list_containers()
        except RuntimeFault as fault:
            raise to_service_error(fault) from fault
        ours = {name_container(one.spec.name, part.name) for one in records for part in one.spec.components}
        ours |= {name + suffix for name in ours for suffix in (NEXT, PREVIOUS)}
        unmanaged = [
            pb.ComponentStatus(
                name=one.name,
                container=one.name,
                desired=pb.STATE_IGNORE,
                observed=_STATES.get(one.status, pb.STATE_STOPPED),
                image=one.image,
                version=read_version(one.image),
            )
            for one in listed
            if one.name not in ours
        ]
        for status in unmanaged:
            status.observed_at.FromDatetime(datetime.now(UTC))
        await self._registry.put_unmanaged(unmanaged)
        return unmanaged


def find_changes(record: ServiceRecord, statuses: Mapping[str, pb.ComponentStatus]) -> list[tuple[pb.Event, int]]:
    """Return an event for each change since a service was last seen, with the number of occurrences."""
    found = []
    for name, now in statuses.items():
        before = record.statuses.get(name) or pb.ComponentStatus()
        service = record.spec.name
        if now.observed != before.observed:
            event = make_event(service, name, "state", now.reason)
            setattr(event, "from", before.observed)  # a keyword of Python
            event.to = now.observed
            found.append((event, 1))
        if restarts := count_new_restarts(before.restarts, now.restarts):
            found.append((make_event(service, name, "restarted", f"restarted {restarts} times"), restarts))
        if now.drift and now.drift != before.drift:
            fields = ", ".join(one.field for one in now.drift)
            found.append((make_event(service, name, "drift", f"differs in {fields}"), 1))
    return found


def make_event(service: str, component: str, kind: str, detail: str, by: str = BY) -> pb.Event:
    """Return an event of now."""
    event = pb.Event(service=service, component=component, kind=kind, detail=detail, by=by)
    event.at.FromDatetime(datetime.now(UTC))
    return event


def describe_service(
    record: ServiceRecord, statuses: Mapping[str, pb.ComponentStatus], operation: str = ""
) -> pb.ServiceStatus:
    """Return the status of a service from those of its components.

    Args:
        record: what the registry knows of it.
        statuses: component -> status; one that was never seen has none.
        operation: what is being done to it.
    """
    status = pb.ServiceStatus(
        name=record.spec.name,
        active=record.spec.active,
        revision=record.revision,
        spec=record.spec,
        operation=operation,
    )
    for component in record.spec.components:
        one = status.components.add()
        one.CopyFrom(statuses.get(component.name, pb.ComponentStatus()))
        one.name = component.name
        one.desired = pb.STATE_RUNNING if record.runs(component.name) else pb.STATE_STOPPED
        one.container = one.container or name_container(record.spec.name, component.name)
    status.reason = "; ".join(f"{one.name}: {one.reason}" for one in status.components if one.reason)
    return status
