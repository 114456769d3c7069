"""Finds the definition of a service: in the folder of definitions, else in the registry of its node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio.to_thread

from ci_mcp_kit.errors import InvalidInput, NotFound
from drone_mcp_nodes.service_descriptor import NODES
from drone_mcp_nodes_api.definitions import files
from drone_mcp_nodes_api.definitions.messages import to_message
from drone_mcp_nodes_api.wire import agent_pb2 as pb

if TYPE_CHECKING:
    from drone_mcp_nodes.access import NodesAccess, Place

FROM_REGISTRY: Final = "the node's registry"
FROM_FOLDER: Final = "the folder of definitions"


async def find_definition(access: NodesAccess, place: Place) -> tuple[pb.ServiceSpec, str]:
    """Return the definition of a service, and where it is from.

    Raises:
        InvalidInput: its file is wrong, or is about another node.
        NotFound: neither the folder nor the node knows the service.
    """
    folder = access.settings.definitions
    found = await anyio.to_thread.run_sync(files.find_definition, folder, place.service) if folder is not None else None
    if found and found.service.node == place.node:
        return to_message(found.service), FROM_FOLDER
    if found:
        raise InvalidInput(
            f"{place.service} is defined for the node {found.service.node}, not for {place.node}",
            next_step=f"Call again with service {found.service.node}/{place.service}",
            service=NODES,
        )
    request = pb.GetServiceStatusRequest(service=place.service, events_limit=1)
    try:
        answer: pb.GetServiceStatusResponse = await access.read(place.node, "GetServiceStatus", request)
    except NotFound as error:
        where = "NODES_DEFINITIONS" if folder else "a folder, and to name it in NODES_DEFINITIONS"
        raise NotFound(
            f"There is no definition of {place}. {error.message}",
            next_step=f"Ask the operator of this server to put {place.service}.toml into {where}",
            service=NODES,
        ) from error
    return answer.service.spec, FROM_REGISTRY


async def find_definitions_of_node(access: NodesAccess, node: str) -> list[pb.ServiceSpec]:
    """Return the definitions for a node that this role may see.

    Raises:
        InvalidInput: there is no folder of definitions, or a file in it is wrong.
    """
    folder = access.settings.definitions
    if folder is None:
        raise InvalidInput(
            "This server has no service definitions to sync",
            next_step="Ask the operator of this server to name a folder of definitions in NODES_DEFINITIONS",
            service=NODES,
        )
    defined = [file.service for file in await anyio.to_thread.run_sync(files.load_folder, folder)]
    return [to_message(one) for one in defined if one.node == node and access.scope.sees(f"{node}/{one.name}")]
