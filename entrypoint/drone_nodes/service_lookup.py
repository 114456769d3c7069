"""Finds the node and the definition of a service: in the services folder, else in the registries of the nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.errors import Conflict, NotFound
from drone_mcp_nodes_api.definitions.files import DefinitionFile, find_definition
from drone_mcp_nodes_api.definitions.messages import from_message
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from drone_mcp_nodes_api.client import NodeClient
    from drone_mcp_nodes_api.definitions.model import Service
    from drone_nodes.session import Session


@dataclass(frozen=True)
class Target:
    """What a person means by SERVICE or SERVICE/COMPONENT."""

    service: str
    component: str = ""

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read an argument."""
        service, _, component = text.partition("/")
        return cls(service, component)


async def find_node(session: Session, service: str, node: str | None) -> NodeClient:
    """Return the client of the node that a service is on: the one given, that of its file, or that of a registry.

    Raises:
        NotFound: no file and no registry has the service.
        Conflict: several registries have it.
    """
    if node:
        return session.client(node)
    if file := find_definition(session.configuration.services, service):
        return session.client(file.service.node)
    return (await _find_registered(session, service))[0]


async def find_spec(
    session: Session, service: str, node: str | None = None, *, registered: bool = False
) -> tuple[DefinitionFile | None, Service]:
    """Return the definition of a service with its file, or else the one in the registry of its node.

    Args:
        session: knows the services folder and the nodes.
        service: its name.
        node: only this one.
        registered: whether to take the one of the registry even where there is a file.

    Raises:
        NotFound: no file and no registry has the service.
        Conflict: several registries have it.
    """
    file = None if registered else find_definition(session.configuration.services, service)
    if file and node in {None, file.service.node}:
        return file, file.service
    _, status = await _find_registered(session, service, node)
    return None, from_message(status.spec)


async def _find_registered(
    session: Session, service: str, node: str | None = None
) -> tuple[NodeClient, pb.ServiceStatus]:
    async def look(client: NodeClient) -> pb.ServiceStatus | None:
        found = await client.call(client.methods.ListServices, pb.ListServicesRequest())
        return next((one for one in found.services if one.name == service), None)

    answers = await session.ask(look, [node] if node else None)
    found = [(answer.node, answer.value) for answer in answers if answer.value]
    if len(found) > 1:
        names = ", ".join(name for name, _ in found)
        raise Conflict(f"Service {service!r} is on several nodes: {names}", next_step="Name one with --node")
    if found:
        return session.client(found[0][0]), found[0][1]
    failed = [answer.error.message for answer in answers if answer.error]
    raise NotFound(
        f"There is no service {service!r}: not in {session.configuration.services}, and not on "
        f"{', '.join(answer.node for answer in answers)}" + "".join(f". {text}" for text in failed),
        next_step="Write its definition into that folder, or look at drone-nodes list",
    )
