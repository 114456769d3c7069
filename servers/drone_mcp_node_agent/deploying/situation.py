"""Looks at what there is on the node, as far as a service is concerned, and whether it may be touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.concurrency import for_each
from ci_mcp_kit.errors import Conflict
from drone_mcp_node_agent.deploying.engine_faults import to_service_error
from drone_mcp_node_agent.planning.plan import Situation
from drone_mcp_node_agent.planning.spec_hash import SERVICE
from drone_mcp_node_agent.runtime.runtime import RuntimeFault
from drone_mcp_nodes_api.definitions.naming import name_container

if TYPE_CHECKING:
    from drone_mcp_node_agent.registry.records import ServiceRecord
    from drone_mcp_node_agent.runtime.runtime import Image, Runtime
    from drone_mcp_nodes_api.wire import agent_pb2 as pb


async def look_at_service(runtime: Runtime, spec: pb.ServiceSpec, record: ServiceRecord | None) -> Situation:
    """Return the containers of a service, of components that it has and of those that it no longer has, and its images.

    Raises:
        ServiceError: the engine does not answer.
        Conflict: a container has the name of one of ours and is not ours.
    """

    async def find_image(reference: str) -> Image | None:
        try:
            return await runtime.find_image(reference)
        except RuntimeFault as fault:
            raise to_service_error(fault) from fault

    known = [*spec.components, *(record.spec.components if record else ())]
    names = {component.name: name_container(spec.name, component.name) for component in known}
    try:
        found = await runtime.inspect([*names.values()])
    except RuntimeFault as fault:
        raise to_service_error(fault) from fault
    ours = {component.name for component in record.spec.components} if record else set()
    for component, name in names.items():
        owner = found[name].labels.get(SERVICE) if name in found else spec.name
        if owner != spec.name and (owner or component not in ours):
            raise Conflict(
                f"The node has a container {name} that "
                + (f"belongs to the service {owner}" if owner else "no service has made"),
                next_step="Adopt it into the service, or rename or remove it on the node",
                retryable=False,
            )
    images = sorted({component.image for component in spec.components})
    return Situation(
        containers={component: found[name] for component, name in names.items() if name in found},
        images=dict(zip(images, await for_each(images, find_image), strict=True)),
        record=record,
    )
