"""What this process does, told to whoever watches it (traces, metrics). Nothing here knows who that is.

No argument of a call, no text of an answer and no token comes by here. Names that a caller makes up do not, either:
what is unknown is called `OTHER`, so that nobody can fill a store of time series by asking for nonsense.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ci_mcp_kit.attempts import Attempt

OTHER: Final = "_OTHER"
OK: Final = "ok"
CANCELLED: Final = "cancelled"


@dataclass
class Operation:
    """One message of a client.

    Attributes:
        server: which answers, like "slipway-releases".
        method: of MCP.
        target: the tool or prompt, where the method has one.
        protocol: the revision that the client speaks.
        number: of the request; None for a notification.
        over_http: whether it came so.
        parent: trace headers that came with it.
        role: whose it is, where the process serves roles.
        outcome: "ok", a code of an error, "cancelled".
        refused: the code of a protocol error.
        source: where the state of a build was read: the service's name in lower case, or "store".
        trace: the number of its trace, where there is one.
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
    """Watches. What it enters is left when the thing is over; it must not raise."""

    def operation(self, operation: Operation) -> AbstractContextManager[object]:
        """Watch one message of a client."""

    def request(self, attempt: Attempt) -> AbstractContextManager[object]:
        """Watch one request to a service."""

    def refusal(self, status: int) -> None:
        """Note a request over HTTP that got no further."""

    def feed(self, last_event: float) -> None:
        """Note when the state was last told of anything, in Unix seconds."""


_observers: list[Observer] = []
_operation: ContextVar[Operation | None] = ContextVar("drone_mcp_operation", default=None)
_role: ContextVar[str] = ContextVar("drone_mcp_role", default="")


def install(observer: Observer) -> None:
    """Have `observer` told of everything from now on."""
    _observers.append(observer)


def remove(observer: Observer) -> None:
    """Tell it nothing more."""
    _observers.remove(observer)


def watched() -> bool:
    """Whether anyone watches."""
    return bool(_observers)


def for_role(role: str) -> None:
    """Say whose request it is that this task serves."""
    _role.set(role)


def role() -> str:
    """Return whose request it is, where the process serves roles."""
    return _role.get()


@contextmanager
def operation(operation: Operation) -> Iterator[None]:
    """Watch a message of a client; what happens in the block belongs to it."""
    token = _operation.set(operation)
    try:
        with ExitStack() as stack:
            for observer in _observers:
                stack.enter_context(observer.operation(operation))
            yield
    finally:
        _operation.reset(token)


@contextmanager
def request(attempt: Attempt) -> Iterator[None]:
    """Watch a request to a service (a `ci_mcp_kit.attempts.Watch`)."""
    with ExitStack() as stack:
        for observer in _observers:
            stack.enter_context(observer.request(attempt))
        yield


def ended(outcome: str) -> None:
    """Tell how the operation under way ends."""
    if (current := _operation.get()) is not None:
        current.outcome = outcome


def known_from(source: str) -> None:
    """Record where the state of a build was read."""
    if (current := _operation.get()) is not None:
        current.source = source


def trace() -> str:
    """Return the number of the trace that the operation under way belongs to, or nothing."""
    current = _operation.get()
    return current.trace if current is not None else ""


def refusal(status: int) -> None:
    """Tell that a request over HTTP got no further."""
    for observer in _observers:
        observer.refusal(status)


def feed(last_event: float) -> None:
    """Tell when the state was last told of anything."""
    for observer in _observers:
        observer.feed(last_event)
