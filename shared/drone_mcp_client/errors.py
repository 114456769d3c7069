"""What can go wrong between a caller and Drone: the family of `ci_mcp_kit.errors`, in Drone's words.

Drone's own faults have the code DRONE_ERROR, and default next steps name Drone's variables.
"""

from __future__ import annotations

from ci_mcp_kit import errors
from ci_mcp_kit.errors import InvalidInput, PermissionDenied, RateLimited, Service, ServiceError

__all__ = [
    "DRONE",
    "AnswerTooLarge",
    "AuthenticationFailed",
    "Conflict",
    "DroneFailed",
    "InvalidInput",
    "NotFound",
    "PermissionDenied",
    "RateLimited",
    "ServiceError",
    "TimedOut",
    "UnexpectedAnswer",
    "Unreachable",
]

DRONE = Service(
    name="Drone",
    address="DRONE_SERVER",
    token="DRONE_TOKEN",  # noqa: S106 - the name of a variable
    token_source="the token on the account page of the Drone user interface",  # noqa: S106 - a place
    scope="DRONE_MCP_REPOS",
    default="DRONE_REPO",
)


class AuthenticationFailed(errors.AuthenticationFailed):
    """Drone saw a guest: no token was sent, or one that it does not know (it treats both alike)."""

    service = DRONE


class NotFound(errors.NotFound):
    """There is no such thing, or none that this token may see: Drone does not tell the two apart."""

    service = DRONE
    default_next_step = "Check the name and the number against a list of the repositories and of the builds"


class Conflict(errors.Conflict):
    """The build changed between reading and writing it (Drone's `Optimistic Lock Error`)."""

    service = DRONE
    default_next_step = "Read the build again, then decide again"


class TimedOut(errors.TimedOut):
    """Drone did not answer in time. For a write this leaves open whether it happened."""

    service = DRONE


class Unreachable(errors.Unreachable):
    """No connection to the server, or it broke before the answer was whole."""

    service = DRONE


class DroneFailed(errors.ServiceFailed):
    """Drone answered with a fault of its own (status 5xx, or an answer that no rule explains)."""

    service = DRONE
    code = "DRONE_ERROR"


class UnexpectedAnswer(DroneFailed, errors.UnexpectedAnswer):
    """The answer is not one that Drone gives: a wrong address, a proxy's page, JSON that is cut or alien."""


class AnswerTooLarge(DroneFailed, errors.AnswerTooLarge):
    """The body is larger than the limit and was not read to its end."""
