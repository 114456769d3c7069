"""What the registry keeps that is no message of the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_nodes_api.wire import agent_pb2 as pb


@dataclass(frozen=True)
class ServiceRecord:
    """A service as it should be, and as it was last seen.

    Attributes:
        spec: what is wanted; `active` says whether it should run.
        revision: the number of the deployment that is in force; 0 before the first.
        stopped: the components that were stopped alone, while the service is active.
        digests: component -> digest of the image that was deployed.
        statuses: component -> how it was last seen.
    """

    spec: pb.ServiceSpec
    revision: int = 0
    stopped: frozenset[str] = frozenset()
    digests: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, pb.ComponentStatus] = field(default_factory=dict)

    def runs(self, component: str) -> bool:
        """Return whether a component should run."""
        return self.spec.active and component not in self.stopped


class Phase(StrEnum):
    """How far an operation has come, as its journal says."""

    PREPARING = "preparing"  # no container that runs has been touched
    SWAPPING = "swapping"  # the new containers take the places of the old ones; a fault or a restart goes back
    COMMITTED = "committed"  # the new containers are in force; what is left of the old ones is removed
    ENDED = "ended"


@dataclass(frozen=True)
class OperationRecord:
    """An operation in the journal; `journal` is plain JSON that only the operation's own code reads."""

    id: int
    service: str
    kind: str
    by: str
    phase: Phase
    journal: Mapping[str, Any]
    response: str | None = None
