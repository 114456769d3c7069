"""Which specification a deployment is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput, NotFound
from drone_mcp_node_agent.deploying.swap import NEXT, PREVIOUS
from drone_mcp_nodes_api.definitions.messages import from_message, to_message
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from drone_mcp_node_agent.registry.records import ServiceRecord
    from drone_mcp_node_agent.registry.registry import Registry

LATEST_REVISIONS: Final = 100


def check_spec(spec: pb.ServiceSpec, node: str) -> pb.ServiceSpec:
    """Return a specification with all defaults; InvalidInput if it breaks a rule or is for another node."""
    checked = to_message(from_message(spec))
    if checked.node != node:
        raise InvalidInput(
            f"The service {checked.name} is defined for the node {checked.node!r}, and this is {node!r}",
            next_step="Ask the daemon of that node, or correct the node in the definition",
        )
    if taken := next((one.name for one in checked.components if one.name.endswith((NEXT, PREVIOUS))), None):
        raise InvalidInput(
            f"A component cannot be named {taken!r}: deployments give such names to containers for a time",
            next_step="Choose another name",
        )
    return checked


def merge_component(spec: pb.ServiceSpec, component: str, record: ServiceRecord | None) -> pb.ServiceSpec:
    """Return what is wanted of the whole service after a deployment of one component, or of all if none is named."""
    if not component:
        return spec
    new = next((one for one in spec.components if one.name == component), None)
    if not new:
        raise InvalidInput(
            f"The specification of {spec.name} has no component {component!r}",
            next_step=f"Its components are {', '.join(one.name for one in spec.components)}",
        )
    if not record:
        return spec
    merged = pb.ServiceSpec()
    merged.CopyFrom(record.spec)
    merged.active = spec.active
    kept = next((one for one in merged.components if one.name == component), None)
    (merged.components.add() if kept is None else kept).CopyFrom(new)
    return to_message(from_message(merged))


async def find_rollback(registry: Registry, record: ServiceRecord, number: int) -> pb.Revision:
    """Return the revision of a number, or for 0 the last one before the current one that was deployed as a whole."""
    service = record.spec.name
    if number:
        if found := await registry.find_revision(service, number):
            return found
        raise NotFound(f"The service {service} has no revision {number}", next_step="List the revisions of the service")
    for revision in await registry.list_revisions(service, LATEST_REVISIONS):
        if revision.number < record.revision and revision.outcome == "deployed":
            return revision
    raise NotFound(
        f"The service {service} has no earlier revision that was deployed",
        next_step="Deploy the version that you want instead",
    )
