"""The error for one of Drone's responses with a status of 400 or more.

Drone says little: the same words for different faults, different words for the same one. The rules here go by what
each combination of status and words can mean (drone/drone v2.25.0, handler/api/acl and the handlers that
handler/api/api.go names).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.errors import (
    AuthenticationFailed,
    InvalidInput,
    PermissionDenied,
    ServiceError,
    ServiceFailed,
    UnexpectedAnswer,
)
from drone_mcp_client.errors import DRONE, Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_http.call import Call
    from ci_mcp_http.response import Response

NO_ROWS: Final = "sql: no rows in result set"  # ErrNoRows of Go's database/sql, which Drone hands on
DUPLICATE: Final = ("unique constraint", "duplicate entry", "duplicate key")  # SQLite, MySQL, PostgreSQL
CHECK_TOKEN: Final = (
    "Check the token: GET /api/user must know it (drone-mcp-config doctor asks that). "  # noqa: S105 - words, no token
    "If it was renewed in Drone, set the new one"
)
SERVER_FAULT: Final = 500  # the lowest status by which a server says that it is at fault


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response that is no success.

    Attributes:
        call: the request.
        response: what came.
        message: its words, sanitised.
        is_json: whether they came as JSON and so are Drone's own.
    """

    call: Call[Any]
    response: Response
    message: str = ""
    is_json: bool = False

    @property
    def details(self) -> dict[str, Any]:
        """The facts for every error of this call: the repository, and Drone's own words."""
        facts = {"repo": self.call.scope, "drone_message": self.message if self.is_json else None}
        return {key: value for key, value in facts.items() if value}

    @property
    def quoted(self) -> str:
        """The words as the end of a sentence, "" if there are none."""
        return f": {self.message}" if self.message else ""


def describe_refusal(refusal: Refusal) -> ServiceError:
    """Return the error for a refusal by Drone itself."""
    status = refusal.response.status
    rule = RULES.get(status) or (_server_fault if status >= SERVER_FAULT else _unknown_status)
    return rule(refusal)


def _bad_request(refusal: Refusal) -> ServiceError:
    return InvalidInput(f"Drone refuses this{refusal.quoted}", status=400, details=refusal.details)


def _unauthorized(refusal: Refusal) -> ServiceError:
    """Describe a 401: Drone treats an unknown token as a guest, and answers some users that it knows alike.

    See handler/api/auth/auth.go for guests; CheckMembership in handler/api/acl/org.go answers 401 to a known user.
    """
    # A 401 with the word of a 403 comes from the check of an organisation's members: the token is good.
    if refusal.message == "Forbidden":
        return _forbidden(refusal)
    if not refusal.response.with_token:
        return AuthenticationFailed(
            f"Drone does not show {refusal.call.subject} to guests, and no token is set",
            status=401,
            details=refusal.details,
            service=DRONE,
        )
    message = "Drone does not know this token and treats an unknown one as a guest"
    if refusal.call.scope:
        message += f"; to a guest it does not even reveal whether {refusal.call.scope} exists"
    return AuthenticationFailed(message, next_step=CHECK_TOKEN, status=401, details=refusal.details, service=DRONE)


def _payment_required(refusal: Refusal) -> ServiceError:
    return ServiceFailed(
        f"Drone's licence is at its limit{refusal.quoted}",
        next_step="An administrator of the Drone server can change its licence",
        status=402,
        details=refusal.details,
        service=DRONE,
    )


def _forbidden(refusal: Refusal) -> ServiceError:
    return PermissionDenied(
        f"The token's user may not use {refusal.call.subject}", status=refusal.response.status, details=refusal.details
    )


def _not_found(refusal: Refusal) -> ServiceError:
    call = refusal.call
    if not refusal.is_json:
        return _no_route(refusal)
    if call.operation == "logs.get" and refusal.message == NO_ROWS:
        return NotFound(
            f"There is no {call.subject.removeprefix('the ')}",
            next_step="A step has a stored log only once it has finished, and never if it was skipped: "
            "look at the step's status, and follow the live log of a running one",
            status=404,
            details={**refusal.details, "reason": "log_missing"},
        )
    if refusal.message != "Not Found":
        words = "" if refusal.message == NO_ROWS else refusal.quoted
        return NotFound(
            f"Drone does not have {call.subject}{words}",
            status=404,
            details={**refusal.details, "reason": "missing"},
        )
    if not call.scope:
        return NotFound(f"Drone does not have {call.subject}", status=404)
    # "Not Found" in a repository comes from the checks before the handler (handler/api/acl/{repo,check}.go).
    need = "the right to change" if call.writes else "access to"
    message = f"There is no repository {call.scope}, or the token's user lacks {need} it"
    # Drone answers 404 to every error of the source host when it looks the commit up (repos/builds/create.go).
    if call.operation == "builds.create":
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
        status=refusal.response.status,
        service=DRONE,
    )


def _conflict(refusal: Refusal) -> ServiceError:
    return Conflict(
        f"Something else changed {refusal.call.subject} at the same moment{refusal.quoted}",
        status=409,
        details=refusal.details,
    )


def _server_fault(refusal: Refusal) -> ServiceError:
    status = refusal.response.status
    # Drone leaves it to its database to find that a name is taken, and hands the error on as a 500.
    if any(mark in refusal.message.lower() for mark in DUPLICATE):
        return Conflict(
            f"Drone has one of that name already ({refusal.call.subject})",
            next_step="Choose another name, or change the one that is there",
            # Unlike other conflicts: reading again does not free the name.
            retryable=False,
            status=status,
            details=refusal.details,
        )
    # Only calls that start a build make Drone read a pipeline file, and they are the ones that may take long.
    no_pipeline = refusal.message == "Not Found" and refusal.call.min_timeout > 0
    return ServiceFailed(
        f"Drone failed with status {status}{refusal.quoted}"
        + ("; the repository seems to have no pipeline file (.drone.yml) at that commit" if no_pipeline else ""),
        status=status,
        details=refusal.details,
        service=DRONE,
    )


def _not_implemented(refusal: Refusal) -> ServiceError:
    """Describe a 501, which the stubs of the open-source build answer (handler/api/**/none.go)."""
    return ServiceFailed(
        f"This Drone is built without {refusal.call.subject}",
        next_step="The open-source build lacks this; the regular build (image drone/drone) has it",
        status=501,
        details=refusal.details,
        service=DRONE,
    )


def _unknown_status(refusal: Refusal) -> ServiceError:
    status = refusal.response.status
    return UnexpectedAnswer(
        f"Status {status} is not one that Drone gives for {refusal.call.subject}{refusal.quoted}",
        status=status,
        details=refusal.details,
        service=DRONE,
    )


RULES: Final[dict[int, Callable[[Refusal], ServiceError]]] = {
    400: _bad_request,
    401: _unauthorized,
    402: _payment_required,
    403: _forbidden,
    404: _not_found,
    405: _no_route,
    409: _conflict,
    501: _not_implemented,
}
