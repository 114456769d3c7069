"""Which error an answer with a status of 400 or more is.

Drone says little: the same words for different faults, different words for the same one. The rules here go by what
each combination can mean. Source: Drone 2.25, handler/api/acl, handler/api/**, and captured answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from drone_mcp_client.errors import (
    AuthenticationFailed,
    Conflict,
    DroneFailed,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    TimedOut,
    UnexpectedAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_client.calls import Call

NO_ROWS: Final = "sql: no rows in result set"
DUPLICATE: Final = ("unique constraint", "duplicate entry", "duplicate key")  # SQLite, MySQL, PostgreSQL
CHECK_TOKEN: Final = (
    "Check the token: GET /api/user must know it (drone-mcp-config doctor asks that). "  # noqa: S105 - words, no token
    "If it was renewed in Drone, set the new one"
)
BEFORE_DRONE: Final = "Find out what stands before Drone (single sign-on, a firewall) and let this client through"
MAY_HAVE_HAPPENED: Final = "It may have happened all the same: look at the newest state before calling again"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no success. `said` tells whether the words are Drone's; `page` that a web page came."""

    call: Call[Any]
    status: int
    words: str = ""
    said: bool = False
    page: bool = False
    with_token: bool = False
    retry_after: float | None = None

    @property
    def details(self) -> dict[str, Any]:
        """What every error of this call can tell: the repository, and Drone's own words."""
        facts = {"repo": self.call.repo, "drone_message": self.words if self.said else None}
        return {key: value for key, value in facts.items() if value}

    @property
    def quoted(self) -> str:
        """Its words as the end of a sentence, "" if it said nothing."""
        return f": {self.words}" if self.words else ""


def refused(refusal: Refusal) -> ServiceError:
    """The error for this refusal."""
    if refusal.page and refusal.status not in {429, 502, 503, 504}:
        return UnexpectedAnswer(
            f"A web page with status {refusal.status} came instead of Drone's answer",
            next_step=BEFORE_DRONE,
            status=refusal.status,
        )
    rule = RULES.get(refusal.status) or (_fault if refusal.status >= 500 else _unexplained)  # noqa: PLR2004 - server faults
    return rule(refusal)


def left_open(call: Call[Any], error: ServiceError) -> ServiceError:
    """Mark the failure of a call that may have been carried out and must not be sent twice."""
    if not call.idempotent:
        error.retryable = False
        error.next_step = MAY_HAVE_HAPPENED
    return error


def _bad_request(refusal: Refusal) -> ServiceError:
    return InvalidInput(f"Drone refuses this{refusal.quoted}", status=400, details=refusal.details)


def _unauthorized(refusal: Refusal) -> ServiceError:
    """Drone lets an unknown token pass as a guest; a user it knows gets 401 only from a namespace's routes."""
    if refusal.words == "Forbidden":
        return _forbidden(refusal)
    if not refusal.with_token:
        return AuthenticationFailed(
            f"Drone shows {refusal.call.subject} to no guest, and no token is set",
            status=401,
            details=refusal.details,
        )
    message = "Drone does not know this token and treats an unknown one as a guest"
    if refusal.call.repo:
        message += f"; to a guest it does not even tell whether {refusal.call.repo} exists"
    return AuthenticationFailed(message, next_step=CHECK_TOKEN, status=401, details=refusal.details)


def _payment(refusal: Refusal) -> ServiceError:
    return DroneFailed(
        f"Drone's licence is at its limit{refusal.quoted}",
        next_step="An administrator of the Drone server can change its licence",
        status=402,
        details=refusal.details,
    )


def _forbidden(refusal: Refusal) -> ServiceError:
    return PermissionDenied(
        f"The token's user may not use {refusal.call.subject}", status=refusal.status, details=refusal.details
    )


def _not_found(refusal: Refusal) -> ServiceError:
    if not refusal.said:
        return _no_route(refusal)
    if refusal.call.operation == "logs.get" and refusal.words == NO_ROWS:
        return NotFound(
            f"There is no {refusal.call.subject.removeprefix('the ')}",
            next_step="A step has a stored log only once it has finished, and never if it was skipped: "
            "look at the step's status, and follow the live log of a running one",
            status=404,
            details={**refusal.details, "reason": "log_missing"},
        )
    if refusal.words != "Not Found":
        words = "" if refusal.words == NO_ROWS else refusal.quoted
        return NotFound(
            f"Drone does not have {refusal.call.subject}{words}",
            status=404,
            details={**refusal.details, "reason": "missing"},
        )
    return _no_repo(refusal)


def _no_repo(refusal: Refusal) -> ServiceError:
    if not refusal.call.repo:
        return NotFound(f"Drone does not have {refusal.call.subject}", status=404)
    need = "the right to change" if refusal.call.writes else "access to"
    message = f"There is no repository {refusal.call.repo}, or the token's user lacks {need} it"
    if refusal.call.operation == "builds.create":
        message += ", or the source host does not know the branch or commit"
    return NotFound(
        message,
        next_step="Check the spelling, upper and lower case too, against the repositories that this token can list",
        status=404,
        details={**refusal.details, "reason": "repo_missing_or_no_access"},
    )


def _no_route(refusal: Refusal) -> ServiceError:
    return UnexpectedAnswer(
        f"This server has no route for {refusal.call.subject}",
        next_step="Check that DRONE_SERVER is the address of Drone without a path (no /api); "
        "an older Drone may lack this function",
        status=refusal.status,
    )


def _conflict(refusal: Refusal) -> ServiceError:
    return Conflict(
        f"Something else changed {refusal.call.subject} at the same moment{refusal.quoted}",
        status=409,
        details=refusal.details,
    )


def _slow_down(refusal: Refusal) -> ServiceError:
    later = {} if refusal.retry_after is None else {"retry_after": refusal.retry_after}
    return RateLimited(
        "Something before Drone asks to slow down",
        next_step=None if later else "Wait a minute, then call again",
        status=429,
        details={**refusal.details, **later},
    )


def _fault(refusal: Refusal) -> ServiceError:
    if any(mark in refusal.words.lower() for mark in DUPLICATE):
        return Conflict(
            f"Drone has one of that name already ({refusal.call.subject})",
            next_step="Choose another name, or change the one that is there",
            retryable=False,
            status=refusal.status,
            details=refusal.details,
        )
    pipeline = refusal.words == "Not Found" and refusal.call.patience > 0
    return DroneFailed(
        f"Drone failed with status {refusal.status}{refusal.quoted}",
        next_step="The repository seems to have no pipeline file (.drone.yml) at that commit" if pipeline else None,
        status=refusal.status,
        details=refusal.details,
    )


def _not_implemented(refusal: Refusal) -> ServiceError:
    return DroneFailed(
        f"This Drone is built without {refusal.call.subject}",
        next_step="The open-source build lacks this; the regular build (image drone/drone) has it",
        status=501,
        details=refusal.details,
    )


def _unavailable(refusal: Refusal) -> ServiceError:
    later = {} if refusal.retry_after is None else {"retry_after": refusal.retry_after}
    kind = TimedOut if refusal.status == 504 else DroneFailed  # noqa: PLR2004 - gateway timeout
    error = kind(
        f"A proxy before Drone answered with status {refusal.status}: Drone is down, starting or overloaded",
        next_step="Try again in a minute; if it stays, look at the Drone server and the proxy before it",
        retryable=True,
        status=refusal.status,
        details={**refusal.details, **later},
    )
    return left_open(refusal.call, error)


def _unexplained(refusal: Refusal) -> ServiceError:
    return UnexpectedAnswer(
        f"Status {refusal.status} is not one that Drone gives for {refusal.call.subject}{refusal.quoted}",
        status=refusal.status,
        details=refusal.details,
    )


RULES: Final[dict[int, Callable[[Refusal], ServiceError]]] = {
    400: _bad_request,
    401: _unauthorized,
    402: _payment,
    403: _forbidden,
    404: _not_found,
    405: _no_route,
    409: _conflict,
    429: _slow_down,
    501: _not_implemented,
    502: _unavailable,
    503: _unavailable,
    504: _unavailable,
}
