"""The errors between a caller and the service behind a server: one class for each remedy.

    ServiceError
    ├── AuthenticationFailed   AUTH_FAILED        no token, or one that the service does not know
    ├── PermissionDenied       PERMISSION_DENIED  a known user who may not do this
    ├── NotFound               NOT_FOUND          no such thing, or none that this token may see
    ├── InvalidInput           INVALID_INPUT      the service or we refuse the arguments
    ├── Conflict               CONFLICT           what the call is about changed meanwhile
    ├── RateLimited            RATE_LIMITED       something asks for patience
    ├── TimedOut               TIMEOUT            no answer within the deadline
    ├── Unreachable            NETWORK_ERROR      no connection, or it broke
    └── ServiceFailed          SERVICE_ERROR      the service answered with a fault of its own
        ├── UnexpectedAnswer   SERVICE_ERROR      not what the service sends (wrong address, a proxy's page)
        └── AnswerTooLarge     SERVICE_ERROR      the body is over the limit

Every error says what happened, what to do next and whether the same call can succeed later. None of them ever holds a
token. The service is data: an error that is given a `Service` names its variables in the default next step, and the
faults of a service have its code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Service:
    """A service behind a server: its name, its code, and the variables that say how it is reached.

    Attributes:
        name: for people.
        code: the code of the service's own faults.
        address: the variable that holds its address.
        token: the variable that holds the token.
        token_file: the variable that names a file with the token.
        token_source: where a person finds a token.
        ca_file: the variable that names a file of certificate authorities.
        max_body: the variable that limits the size of a response.
        scope: the variable that limits what may be seen of it; "" if there is none.
        scopes: what that variable lists if not repositories, like jobs.
        default: the variable of what is meant where a call names nothing, like a repository; "" if there is none.
        optional: whether the server works without it, and only the tools that ask it do not.
    """

    # The defaults are words that fit into the sentences below, for errors without a known service.
    name: str = "service"
    code: str = "SERVICE_ERROR"
    address: str = "its address"
    token: str = "its token"  # noqa: S105 - words, not a token
    token_file: str = "its token file"  # noqa: S105 - likewise
    token_source: str = "one that it knows"  # noqa: S105 - likewise
    ca_file: str = "its file of certificate authorities"
    max_body: str = "the limit"
    scope: str = ""
    scopes: str = ""
    default: str = ""
    optional: bool = False

    def manifest(self) -> dict[str, Any]:
        """Return its entry in a server's manifest."""
        facts = {"name": self.name, "address": self.address, "token": self.token}
        more = ("scope", "scopes", "default", "optional")
        return facts | {key: value for key in more if (value := getattr(self, key))}


class ServiceError(Exception):
    """The base of the family.

    Attributes:
        code: the stable word that an agent or a program can match on.
        message: what happened, in a sentence, with the service's own words where it said some (sanitised).
        next_step: what the caller can do about it.
        retryable: whether the same call may succeed later without any change.
        status: the service's HTTP status, if it answered.
        outcome_unknown: whether this is about a write that may have been carried out all the same.
        details: facts a program may want (`repo`, `number`, `retry_after` …); values are plain JSON.
        service: the system that the error is about.
    """

    service: Service = Service()
    default_next_step: ClassVar[str] = "Look at the {service.name} server's own log"
    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        next_step: str | None = None,
        retryable: bool | None = None,
        status: int | None = None,
        details: dict[str, Any] | None = None,
        service: Service | None = None,
    ) -> None:
        super().__init__(message)
        self.service = service or self.service
        self.message = message
        # Formatted here: only the instance knows its service.
        self.next_step = next_step or self.default_next_step.format(service=self.service)
        self.retryable = self.default_retryable if retryable is None else retryable
        self.status = status
        self.outcome_unknown = False
        self.details = details or {}

    def __str__(self) -> str:
        return self.message

    @property
    def code(self) -> str:
        """The code of the service; most classes of the family have one of their own."""
        return self.service.code


class AuthenticationFailed(ServiceError):
    """The service does not know who asks: no token was sent, or one that it does not know."""

    code = "AUTH_FAILED"
    default_next_step = "Set {service.token} to {service.token_source}, then start the server again"


class PermissionDenied(ServiceError):
    """The service knows the user, and the user may not do this."""

    code = "PERMISSION_DENIED"
    default_next_step = "Use a token of a user with that permission, or ask for another repository"


class NotFound(ServiceError):
    """There is no such thing, or none that this token may see."""

    code = "NOT_FOUND"
    default_next_step = "Check the name against a list"


class InvalidInput(ServiceError):
    """The arguments cannot be right, as found by us or by the service."""

    code = "INVALID_INPUT"
    default_next_step = "Correct the argument and call again"


class Conflict(ServiceError):
    """The subject of the call has changed between reading and writing it."""

    code = "CONFLICT"
    default_next_step = "Read it again, then decide again"
    default_retryable = True


class RateLimited(ServiceError):
    """The service, or something before it, asks to slow down."""

    code = "RATE_LIMITED"
    default_next_step = "Wait as long as details.retry_after says (seconds), then call again"
    default_retryable = True


class TimedOut(ServiceError):
    """The service did not answer in time. For a write this leaves open whether it happened."""

    code = "TIMEOUT"
    default_next_step = "Call again; if it happens again, ask whether the {service.name} server is overloaded"
    default_retryable = True


class Unreachable(ServiceError):
    """No connection to the service, or it broke before the answer was whole."""

    code = "NETWORK_ERROR"
    default_next_step = "Check {service.address} and the network (drone-mcp-config doctor shows which part fails)"
    default_retryable = True


class ServiceFailed(ServiceError):
    """The service answered with a fault of its own (status 5xx, or an answer that no rule explains)."""


class UnexpectedAnswer(ServiceFailed):
    """The answer is not one that the service gives: a wrong address, a proxy's page, JSON that is cut or alien."""

    default_next_step = (
        "Check that {service.address} is the address of {service.name} itself, without a path, not of a proxy or "
        "another service"
    )


class AnswerTooLarge(ServiceFailed):
    """The body is larger than the limit and was not read to its end."""

    default_next_step = "Ask for less, or raise {service.max_body}"
