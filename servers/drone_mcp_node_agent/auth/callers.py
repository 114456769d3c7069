"""Who calls, and what a caller may do."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from ci_mcp_kit.errors import Service

if TYPE_CHECKING:
    from datetime import datetime

SERVICE: Final = Service(
    "node",
    "NODE_ERROR",
    token="the token",  # noqa: S106 - words, not a token
    token_source="one that `drone-nodes-agent token add` printed on the node, or that its identity server issued",  # noqa: S106 - likewise
)


class Role(StrEnum):
    """What a caller may do: a reader sees everything but files, an admin may change everything."""

    READER = "reader"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of a token."""

    name: str
    roles: frozenset[Role]
    expires: datetime | None = None


class Authenticator(Protocol):
    """Finds the owner of a token."""

    async def authenticate(self, token: str) -> Caller:
        """Return the owner of a token.

        Raises:
            AuthenticationFailed: the token is unknown, or has expired.
            Unreachable: the identity server does not answer as it should.
            ServiceFailed: the node's own files do not let it find out.
        """


# The methods that a reader may call. Files can hold secrets of a service, so only an admin pulls them.
READER_METHODS: Final = frozenset(
    {
        "GetNode",
        "ListServices",
        "LiveCheck",
        "GetServiceStatus",
        "PlanDeploy",
        "ListRevisions",
        "ListEvents",
        "WatchEvents",
        "ReadLogs",
        "ListSecrets",
    }
)
# The methods that change nothing but need an admin.
ADMIN_READING_METHODS: Final = frozenset({"PullFile"})

_current: ContextVar[Caller] = ContextVar("node_caller")


def may_call(caller: Caller, method: str) -> bool:
    """Return whether a caller may call a method; one that is not listed for readers needs an admin."""
    return Role.ADMIN in caller.roles or (Role.READER in caller.roles and method in READER_METHODS)


def needed_roles(method: str) -> str:
    """Return the roles that a method needs, in words."""
    return "the role reader or admin" if method in READER_METHODS else "the role admin"


def changes_something(method: str) -> bool:
    """Return whether a method may change the node."""
    return method not in READER_METHODS | ADMIN_READING_METHODS


def set_current(caller: Caller) -> None:
    """Set the caller of the RPC that this task answers."""
    _current.set(caller)


def current_caller() -> Caller:
    """Return the caller of the RPC that this task answers."""
    return _current.get()
