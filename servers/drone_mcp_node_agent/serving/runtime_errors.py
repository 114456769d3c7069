"""What a fault of the container engine means for a caller."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import Conflict, InvalidInput, NotFound, ServiceError, ServiceFailed, TimedOut
from drone_mcp_node_agent.auth.callers import SERVICE
from drone_mcp_node_agent.runtime.runtime import FaultKind, RuntimeFault

if TYPE_CHECKING:
    from collections.abc import Iterator

MEANINGS: Final[dict[FaultKind, type[ServiceError]]] = {
    FaultKind.CONTAINER_MISSING: NotFound,
    FaultKind.SECRET_MISSING: NotFound,
    FaultKind.INVALID_ARGUMENT: InvalidInput,
    FaultKind.WRONG_STATE: Conflict,
    FaultKind.NAME_IN_USE: Conflict,
    FaultKind.TIMED_OUT: TimedOut,
}


@contextmanager
def translated() -> Iterator[None]:
    """Turn a fault of the engine into an error of the call."""
    try:
        yield
    except RuntimeFault as fault:
        kind = MEANINGS.get(fault.kind, ServiceFailed)
        raise kind(fault.message, next_step=fault.next_step, service=SERVICE) from fault
