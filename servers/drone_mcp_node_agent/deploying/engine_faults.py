"""What a fault of the container engine is for those who asked for an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import Conflict, InvalidInput, NotFound, ServiceError, ServiceFailed, TimedOut, Unreachable
from drone_mcp_node_agent.runtime.runtime import FaultKind

if TYPE_CHECKING:
    from drone_mcp_node_agent.runtime.runtime import RuntimeFault

_CLASSES: Final[dict[FaultKind, type[ServiceError]]] = {
    FaultKind.CONTAINER_MISSING: NotFound,
    FaultKind.IMAGE_MISSING: NotFound,
    FaultKind.IMAGE_UNKNOWN: NotFound,
    FaultKind.NETWORK_MISSING: NotFound,
    FaultKind.VOLUME_MISSING: NotFound,
    FaultKind.SECRET_MISSING: NotFound,
    FaultKind.REGISTRY_UNREACHABLE: Unreachable,
    FaultKind.NAME_IN_USE: Conflict,
    FaultKind.PORT_IN_USE: Conflict,
    FaultKind.WRONG_STATE: Conflict,
    FaultKind.USER_UNKNOWN: InvalidInput,
    FaultKind.COMMAND_NOT_FOUND: InvalidInput,
    FaultKind.COMMAND_NOT_EXECUTABLE: InvalidInput,
    FaultKind.INVALID_ARGUMENT: InvalidInput,
    FaultKind.TIMED_OUT: TimedOut,
}


def to_service_error(fault: RuntimeFault) -> ServiceError:
    """Return the error of the servers' family that a fault is."""
    return _CLASSES.get(fault.kind, ServiceFailed)(fault.message, next_step=fault.next_step, retryable=False)
