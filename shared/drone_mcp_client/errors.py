"""What can go wrong between a caller and Drone: one class per thing the caller can do about it.

    DroneError
    ├── AuthenticationFailed   AUTH_FAILED        no token, or one that Drone does not know
    ├── PermissionDenied       PERMISSION_DENIED  a known user who may not do this
    ├── NotFound               NOT_FOUND          no such thing, or none that this token may see
    ├── InvalidInput           INVALID_INPUT      Drone or we refuse the arguments
    ├── Conflict               CONFLICT           the build changed meanwhile (optimistic lock)
    ├── RateLimited            RATE_LIMITED       a proxy before Drone asks for patience
    ├── TimedOut               TIMEOUT            no answer within the deadline
    ├── Unreachable            NETWORK_ERROR      no connection, or it broke
    └── DroneFailed            DRONE_ERROR        Drone answered with a fault of its own
        ├── UnexpectedAnswer   DRONE_ERROR        the answer is not what Drone sends (wrong address, a proxy's page)
        └── AnswerTooLarge     DRONE_ERROR        the body is over the limit

Every error says what happened, what to do next and whether the same call can succeed later. None of them ever
holds a token.
"""

from __future__ import annotations

from typing import Any, ClassVar


class DroneError(Exception):
    """The base of the family.

    Attributes:
        code: the stable word that an agent or a program can match on.
        message: what happened, in a sentence, with Drone's own words where it said some (sanitised).
        next_step: what the caller can do about it.
        retryable: whether the same call may succeed later without any change.
        status: Drone's HTTP status, if it answered.
        details: facts a program may want (`repo`, `number`, `retry_after` …); values are plain JSON.
    """

    code: ClassVar[str] = "DRONE_ERROR"
    default_next_step: ClassVar[str] = "Look at the Drone server's own log"
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        next_step: str | None = None,
        retryable: bool | None = None,
        status: int | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step or self.default_next_step
        self.retryable = self.default_retryable if retryable is None else retryable
        self.status = status
        self.details = details or {}

    def __str__(self) -> str:
        return self.message


class AuthenticationFailed(DroneError):
    """Drone saw a guest: no token was sent, or one that it does not know (it treats both alike)."""

    code = "AUTH_FAILED"
    default_next_step = (
        "Set DRONE_TOKEN to the token on the account page of the Drone user interface, then start the server again"
    )


class PermissionDenied(DroneError):
    """Drone knows the user, and the user may not do this."""

    code = "PERMISSION_DENIED"
    default_next_step = "Use a token of a user with that permission, or ask for another repository"


class NotFound(DroneError):
    """There is no such thing, or none that this token may see: Drone does not tell the two apart."""

    code = "NOT_FOUND"
    default_next_step = "Check the name and the number against a list of the repositories and of the builds"


class InvalidInput(DroneError):
    """The arguments cannot be right, as found by us or by Drone (status 400)."""

    code = "INVALID_INPUT"
    default_next_step = "Correct the argument and call again"


class Conflict(DroneError):
    """The build changed between reading and writing it (Drone's `Optimistic Lock Error`)."""

    code = "CONFLICT"
    default_next_step = "Read the build again, then decide again"
    default_retryable = True


class RateLimited(DroneError):
    """Something before Drone (it has no limits of its own) asks to slow down."""

    code = "RATE_LIMITED"
    default_next_step = "Wait as long as details.retry_after says (seconds), then call again"
    default_retryable = True


class TimedOut(DroneError):
    """Drone did not answer in time. For a write this leaves open whether it happened."""

    code = "TIMEOUT"
    default_next_step = "Call again; if it happens again, ask whether the Drone server is overloaded"
    default_retryable = True


class Unreachable(DroneError):
    """No connection to the server, or it broke before the answer was whole."""

    code = "NETWORK_ERROR"
    default_next_step = "Check DRONE_SERVER and the network (drone-mcp-config doctor tells which part fails)"
    default_retryable = True


class DroneFailed(DroneError):
    """Drone answered with a fault of its own (status 5xx, or an answer that no rule explains)."""

    code = "DRONE_ERROR"


class UnexpectedAnswer(DroneFailed):
    """The answer is not one that Drone gives: a wrong address, a proxy's page, JSON that is cut or alien."""

    default_next_step = (
        "Check that DRONE_SERVER is the address of Drone itself, without a path, not of a proxy or another service"
    )


class AnswerTooLarge(DroneFailed):
    """The body is larger than the limit and was not read to its end."""

    default_next_step = "Ask for less, or raise DRONE_MCP_MAX_BODY"
