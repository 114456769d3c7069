"""The errors that a call to Drone can raise: those of `ci_mcp_kit.errors`, with `DRONE` as their service.

Errors whose code or default next step depends on the service are raised with `service=DRONE`; two have a next step of
their own for Drone. The others can be imported from here, too.
"""

from __future__ import annotations

from typing import Final

from ci_mcp_kit import errors
from ci_mcp_kit.errors import (
    AuthenticationFailed,
    InvalidInput,
    PermissionDenied,
    RateLimited,
    Service,
    ServiceError,
    ServiceFailed,
    TimedOut,
    UnexpectedAnswer,
    Unreachable,
)

__all__ = [
    "DRONE",
    "AuthenticationFailed",
    "Conflict",
    "InvalidInput",
    "NotFound",
    "PermissionDenied",
    "RateLimited",
    "ServiceError",
    "ServiceFailed",
    "TimedOut",
    "UnexpectedAnswer",
    "Unreachable",
]

DRONE: Final = Service(
    name="Drone",
    code="DRONE_ERROR",
    address="DRONE_SERVER",
    token="DRONE_TOKEN",  # noqa: S106 - the name of a variable
    token_file="DRONE_TOKEN_FILE",  # noqa: S106 - likewise
    token_source="the token on the account page of the Drone user interface",  # noqa: S106 - a place
    ca_file="DRONE_MCP_CA_FILE",
    max_body="DRONE_MCP_MAX_BODY",
    scope="DRONE_MCP_REPOS",
    default="DRONE_REPO",
)


class NotFound(errors.NotFound):
    """There is no such thing, or none that this token may see: Drone does not distinguish the two."""

    service = DRONE
    default_next_step = "Check the name and the number against a list of the repositories and of the builds"


class Conflict(errors.Conflict):
    """The build changed between reading and writing it (Drone's `Optimistic Lock Error`)."""

    service = DRONE
    default_next_step = "Read the build again, then decide again"
