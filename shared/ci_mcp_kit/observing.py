"""Reports what this process does to observers, such as traces (`otel_observer`) and metrics (`metrics`).

No argument of a call, no text of an answer and no token is reported. An unknown method, tool or prompt is reported as
`OTHER`: otherwise callers could fill a database of time series with names that they make up.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_mcp_kit.request_observation import Attempt

OTHER: Final = "_OTHER"
OK: Final = "ok"
CANCELLED: Final = "cancelled"


@dataclass
class Operation:
    """The handling of one message of a client.

    Attributes:
        server: the name of the server that answers, like "slipway-releases".
        method: the MCP method.
        target: the tool or prompt, where the method has one.
        protocol: the protocol version of the message.
        number: the id of the request; None for a notification.
        over_http: whether it was received over HTTP.
        parent: the trace headers that it came with.
        role: the role of the caller, where the process serves roles.
        outcome: "ok", the code of an error, or "cancelled".
        refused: the code of the JSON-RPC error that answers it, if one does.
        source: where the state of a build was read: the service's name in lower case, or "store".
        trace: the id of its trace, if it is traced.
    """

    server: str
    method: str
    target: str = ""
    protocol: str = ""
    number: str | None = None
    over_http: bool = False
    parent: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    outcome: str = OK
    refused: int | None = None
    source: str = ""
    trace: str = ""


class Observer(Protocol):
    """Receives reports. A context manager that it returns is left when the operation ends. It must not raise."""

    def operation(self, operation: Operation) -> AbstractContextManager[object]:
        """Observe the handling of a message."""

    def request(self, attempt: Attempt) -> AbstractContextManager[object]:
        """Observe a request to a service."""

    def refusal(self, status: int) -> None:
        """Count a refused HTTP request."""

    def feed(self, last_event: float) -> None:
        """Record when the build store last received an event, in Unix seconds."""


_observers: list[Observer] = []
_operation: ContextVar[Operation | None] = ContextVar("drone_mcp_operation", default=None)
_role: ContextVar[str] = ContextVar("drone_mcp_role", default="")


def install(observer: Observer) -> None:
    """Report everything to `observer` from now on."""
    _observers.append(observer)


def remove(observer: Observer) -> None:
    """Stop reporting to `observer`."""
    _observers.remove(observer)


def is_observed() -> bool:
    """Return whether there is an observer."""
    return bool(_observers)


def set_role(role: str) -> None:
    """Set the role of the caller that this task serves."""
    _role.set(role)


def role() -> str:
    """Return the role of the caller, or "" where the process serves no roles."""
    return _role.get()


@contextmanager
def operation(operation: Operation) -> Iterator[None]:
    """Report the handling of a message, for as long as the block takes."""
    token = _operation.set(operation)
    try:
        # An observer is entered and left in this task, so that a span is the parent of what the block does.
        with ExitStack() as stack:
            for observer in _observers:
                stack.enter_context(observer.operation(operation))
            yield
    finally:
        _operation.reset(token)


@contextmanager
def request(attempt: Attempt) -> Iterator[None]:
    """Report a request to a service (a `ci_mcp_kit.request_observation.Watch`)."""
    with ExitStack() as stack:
        for observer in _observers:
            stack.enter_context(observer.request(attempt))
        yield


def set_outcome(outcome: str) -> None:
    """Set the outcome of the current operation."""
    if (current := _operation.get()) is not None:
        current.outcome = outcome


def set_source(source: str) -> None:
    """Set where the current operation has read the state of a build."""
    if (current := _operation.get()) is not None:
        current.source = source


def trace() -> str:
    """Return the id of the current operation's trace, or ""."""
    current = _operation.get()
    return current.trace if current is not None else ""


def refusal(status: int) -> None:
    """Report a refused HTTP request."""
    for observer in _observers:
        observer.refusal(status)


def feed(last_event: float) -> None:
    """Report when the build store last received an event."""
    for observer in _observers:
        observer.feed(last_event)
