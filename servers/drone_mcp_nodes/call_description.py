"""The requests to a node's daemon as data: for the gate, the guard and its audit lines. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from google.protobuf.message import Message

SERVICE: Final = "mcp.v1.McpAgentService"
READING: Final = frozenset(
    {
        "GetNode",
        "GetServiceStatus",
        "ListEvents",
        "ListRevisions",
        "ListServices",
        "LiveCheck",
        "PlanDeploy",
        "ReadLogs",
    }
)
"""The procedures that change nothing on a node. LiveCheck writes down what podman says, as the daemon itself does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NodeCall:
    """One call of a remote procedure (a `ci_mcp_kit.guard.protocols.Request`).

    Attributes:
        operation: the name of the procedure.
        node: whose daemon is asked.
        request: its message.
        scope: the service that it changes, as node/service, or node/* for several.
        seconds: that it takes at most.
    """

    operation: str
    node: str
    # Not in a repr, and so in no traceback: the environment of a component may hold a secret.
    request: Message = field(repr=False)
    scope: str
    seconds: float

    @property
    def method(self) -> str:
        """The HTTP method, which is that of every remote procedure (gRPC over HTTP/2, "Requests")."""
        return "POST"

    @property
    def path(self) -> str:
        """The node and the path of the procedure there."""
        return f"{self.node}/{SERVICE}/{self.operation}"

    @property
    def writes(self) -> bool:
        """Whether it may change something on the node."""
        return self.operation not in READING

    @property
    def params(self) -> tuple[tuple[str, str], ...]:
        """None: everything is in the message."""
        return ()

    @property
    def form(self) -> tuple[tuple[str, str], ...]:
        """None, likewise."""
        return ()

    @property
    def digest(self) -> str:
        """A short text that stands for the message."""
        return hashlib.sha256(self.request.SerializeToString(deterministic=True)).hexdigest()[:16]
