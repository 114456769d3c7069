"""The hash of a component as its container carries it in a label, and the labels of a container of ours."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

from google.protobuf.json_format import MessageToDict

from drone_mcp_node_agent.planning import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_nodes_api.wire import agent_pb2 as pb

SERVICE: Final = "nodes.service"
COMPONENT: Final = "nodes.component"
REVISION: Final = "nodes.revision"
SPEC: Final = "nodes.spec"


def hash_component(component: pb.ComponentSpec, labels: Mapping[str, str]) -> str:
    """Return the hash of what makes a container: equal components have equal hashes, however they are written."""
    # Not of the serialised message: its order of fields is not stable across releases of protobuf
    # (https://protobuf.dev/programming-guides/serialization-not-canonical/).
    facts = {"component": MessageToDict(normalise.component(component)), "labels": dict(labels)}
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def container_labels(service: pb.ServiceSpec, component: pb.ComponentSpec, revision: int) -> dict[str, str]:
    """Return the labels of a component's container: those of the service, and those by which the daemon knows it."""
    return dict(service.labels) | {
        SERVICE: service.name,
        COMPONENT: component.name,
        REVISION: str(revision),
        SPEC: hash_component(component, service.labels),
    }
