"""Makes a service of containers that run already, which go on running meanwhile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ci_mcp_kit.errors import InvalidInput, NotFound
from drone_mcp_node_agent.deploying.spec_from_container import derive_component, find_losses
from drone_mcp_node_agent.deploying.spec_selection import check_spec
from drone_mcp_node_agent.deploying.status_check import make_event
from drone_mcp_node_agent.planning.spec_hash import SERVICE
from drone_mcp_nodes_api.definitions.naming import derive_component as derive_component_name
from drone_mcp_nodes_api.definitions.naming import name_container
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from drone_mcp_node_agent.registry.records import ServiceRecord
    from drone_mcp_node_agent.registry.registry import Registry
    from drone_mcp_node_agent.runtime.runtime import Container, Runtime


class Adoption:
    """One adoption.

    Args:
        runtime: the container engine.
        registry: the daemon's memory.
        node: the node's name.
        by: who asked for it.
    """

    def __init__(self, runtime: Runtime, registry: Registry, node: str, by: str) -> None:
        self._runtime = runtime
        self._registry = registry
        self._node = node
        self._by = by

    async def run(self, request: pb.AdoptContainerRequest) -> pb.AdoptContainerResponse:
        """Adopt the containers whose names begin with the prefix; with `dry_run` only return what they would become."""
        containers = await self._find_containers(request)
        record = await self._registry.find_service(request.service)
        spec = pb.ServiceSpec(name=request.service, node=self._node, active=True)
        if record:
            spec.CopyFrom(record.spec)
        known = {component.name for component in spec.components}
        results = []
        for name, container in containers.items():
            if name in known:
                results.append(pb.Result(component=name, ok=True, action="unchanged"))
            else:
                results.append(await self._adopt(name, container, spec))
        adopted = {result.component: containers[result.component] for result in results if result.action == "adopted"}
        if adopted and not request.dry_run:
            await self._keep(check_spec(spec, self._node), adopted, record)
        return pb.AdoptContainerResponse(results=results, spec=spec)

    async def _find_containers(self, request: pb.AdoptContainerRequest) -> dict[str, Container]:
        """Return component -> container, without those of other services."""
        prefix = request.prefix or request.service
        taken = {
            name_container(record.spec.name, component.name)
            for record in await self._registry.list_services()
            for component in record.spec.components
            if record.spec.name != request.service
        }
        names = {
            listed.name: component
            for listed in await self._runtime.list_containers()
            if (component := derive_component_name(prefix, listed.name))
            and listed.name not in taken
            and listed.labels.get(SERVICE) in {None, request.service}
        }
        if not names:
            raise NotFound(
                f"No container of this node that may be adopted is named {prefix} or {prefix}-...",
                next_step="Look at the containers that belong to no service, and give the prefix of their names",
            )
        found = await self._runtime.inspect([*names])
        return {component: found[name] for name, component in names.items() if name in found}

    async def _adopt(self, name: str, container: Container, spec: pb.ServiceSpec) -> pb.Result:
        """Add the component that a container is to a specification, unless the rules do not allow it."""
        image = await self._runtime.find_image(container.image_id)
        component = derive_component(name, container, image)
        try:
            alone = check_spec(
                pb.ServiceSpec(name=spec.name, node=spec.node, active=True, components=[component]), self._node
            )
        except InvalidInput as error:
            return pb.Result(component=name, action="failed", error_code=error.code, error=error.message)
        spec.components.append(alone.components[0])
        result = pb.Result(component=name, ok=True, action="adopted")
        result.status.reason = find_losses(container)
        return result

    async def _keep(self, spec: pb.ServiceSpec, adopted: dict[str, Container], record: ServiceRecord | None) -> None:
        names = {container.name: name_container(spec.name, component) for component, container in adopted.items()}
        renames = [(old, new) for old, new in names.items() if old != new]
        operation = await self._registry.begin_operation(spec.name, "adopt", self._by, {"renames": renames})
        for old, new in renames:
            await self._runtime.rename(old, new)
        newest = await self._registry.list_revisions(spec.name, limit=1) if record else []
        revision = pb.Revision(number=newest[0].number + 1 if newest else 1, by=self._by, outcome="deployed", spec=spec)
        revision.at.FromNanoseconds(time.time_ns())
        digests = {component: container.image_digest for component, container in adopted.items()}
        await self._registry.commit_deployment(operation, spec, digests, revision)
        await self._registry.end_operation(operation)
        events = [
            make_event(spec.name, component, "adopted", adopted[component].name, self._by) for component in adopted
        ]
        await self._registry.add_events(*events)
