"""The interfaces that a domain implements for the guard: an action, its request, and the client that sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_kit.guard.action_parameters import Additions
    from ci_mcp_kit.guard.operation_risk import Operation, Risk

    Gate = Callable[["Request"], None]
    """Sees every call before it leaves; what it raises keeps the call from leaving."""


class Request(Protocol):
    """One request to a service, as data."""

    @property
    def operation(self) -> str:
        """A stable name, `thing.verb`."""

    @property
    def method(self) -> str:
        """The HTTP method."""

    @property
    def path(self) -> str:
        """The path, quoted."""

    @property
    def params(self) -> tuple[tuple[str, str], ...]:
        """The parameters of the query."""

    @property
    def form(self) -> tuple[tuple[str, str], ...]:
        """The fields of the form that it sends; empty where it sends none."""


class Action(Protocol):
    """One thing to do to one subject in the state in which it was read."""

    @property
    def operation(self) -> Operation:
        """The kind of change."""

    @property
    def scope(self) -> str:
        """Where it happens, like a repository: rules admit it, and rates are counted, by scope."""

    @property
    def risk(self) -> Risk:
        """The operation's risk, or a higher one where this action does more harm than usual."""

    @property
    def additions(self) -> Additions:
        """The parameters and switches that the agent adds."""

    @property
    def fingerprint(self) -> str:
        """A short text that is the same only for the same action on the subject in the same state."""

    @property
    def subject(self) -> str:
        """A short text for the subject in its state, the same whatever the agent adds or which part of it is chosen."""

    def facts(self) -> dict[str, Any]:
        """Return the facts for an audit line, as JSON values."""

    def covers(self, call: Any) -> bool:
        """Return whether `call` does this to this subject with these additions, and nothing else."""


class Writer(Protocol):
    """A client that may write. It shows every call to the gate that it was made with, and repeats none."""

    async def send(self, call: Any) -> Any:
        """Send a call and return what its answer is read as."""

    async def aclose(self) -> None:
        """Close its connections."""
