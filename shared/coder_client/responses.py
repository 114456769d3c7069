"""Turns an answer of Coder or of its app proxy into data, or into an error with the next step. Pure."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ci_mcp_http.gateways import find_gateway_error
from ci_mcp_http.response import Response, hide_addresses, json_parser, parse_body, quote_service
from ci_mcp_kit.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    ServiceFailed,
)
from coder_client.errors import CODER, CODER_WRITES, AgentUnavailable, Deleted, NotOffered

if TYPE_CHECKING:
    from ci_mcp_http.call import Call, Reader
    from ci_mcp_http.sse import ServerEvent
    from ci_mcp_kit.errors import Service

T = TypeVar("T")

NO_ROUTE: Final = "Route not found."
SERVER_FAULT: Final = 500
MOST_VALIDATIONS: Final = 5


@cache
def read_as(model: Any) -> Reader[Any]:
    """Return the reader of a call to Coder that is answered by `model`."""
    parse = json_parser(model)

    def read(call: Call[Any], response: Response) -> Any:
        if response.is_success and not response.is_web_page:
            return parse_body(parse, response, call.subject, CODER)
        raise describe_refusal(call, response)

    return read


def read_event(call: Call[T], event: ServerEvent) -> T:
    """Read one event of a stream. Coder's pings hold no data, so that they are no events for a client.

    Raises:
        ServiceFailed: Coder reports an error in the stream (coder/coder v2.36.0, codersdk.ServerSentEventTypeError).
        UnexpectedAnswer: the data is not what the stream should hold.
    """
    if event.name == "error":
        message = f"Coder broke off {call.subject}: {quote_service(event.data)}"
        raise ServiceFailed(message, retryable=True, service=CODER)
    return call.read(call, Response(status=200, body=event.data.encode("utf-8", "replace")))


@cache
def read_through_proxy(model: Any) -> Reader[Any]:
    """Return the reader of a call that Coder's app proxy hands on to the agent's application.

    The proxy's own refusals are web pages, and without a token it redirects to the login page; the application answers
    with JSON (coder/coder v2.36.0, coderd/workspaceapps/errors.go).
    """
    parse = json_parser(model)

    def read(call: Call[Any], response: Response) -> Any:
        if response.is_success and not response.is_web_page:
            return parse_body(parse, response, call.subject, CODER)
        if response.is_redirect:
            raise _unauthorized(call, response, {})
        if response.is_web_page and response.status in {400, 404}:
            raise AgentUnavailable(
                f"Coder does not reach {call.subject}: the workspace is stopped, its agent is not connected, or the "
                "token lacks the right to use its applications",
                status=response.status,
                service=_service(call),
            )
        gateway = find_gateway_error(call, response, _service(call), {})
        raise gateway or _refused_by_the_application(call, response)

    return read


def describe_refusal(call: Call[Any], response: Response) -> ServiceError:
    """Return the error for an answer of Coder that is no success."""
    service, words = _service(call), _Words.read(response)
    if response.status == 429 and words.message:  # noqa: PLR2004 - Coder's own, whose words tell the limit
        return RateLimited(
            f"Coder asks to slow down: {words.message}",
            next_step=None if response.retry_after is not None else "Wait a minute, then call again",
            status=response.status,
            details={} if response.retry_after is None else {"retry_after": response.retry_after},
            service=service,
        )
    if (gateway := find_gateway_error(call, response, service, {})) is not None:
        return gateway
    if response.status == 404 and words.message == NO_ROUTE:  # noqa: PLR2004 - not the 404 of a thing that is missing
        return NotOffered(f"This Coder server does not offer {call.subject}", status=404, service=service)
    if response.status == 401:  # noqa: PLR2004 - RFC 9110, section 15.5.2
        return _unauthorized(call, response, words.details)
    rule = _KINDS.get(response.status)
    if rule is None:
        said = f": {hide_addresses(words.text)}" if words.text else ""
        message = f"Coder failed at {call.subject} with status {response.status}{said}"
        return ServiceFailed(message, status=response.status, retryable=False, service=service)
    kind, message = rule
    said = f": {words.text}" if words.text else ""
    return kind(f"{message.format(call=call)}{said}", status=response.status, details=words.details, service=service)


_KINDS: Final[dict[int, tuple[type[ServiceError], str]]] = {
    400: (InvalidInput, "Coder refuses the request for {call.subject}"),
    403: (PermissionDenied, "The token may not use {call.subject}"),
    # Coder does not tell what is missing from what this token may not see.
    404: (NotFound, "Coder does not show {call.subject}: it is not there, or this token may not see it"),
    409: (Conflict, "Coder cannot do that now to {call.subject}"),
    410: (Deleted, "{call.subject} was deleted"),
}


class _Words:
    """The words of a refusal: message, detail, and the fields that failed, sanitised."""

    def __init__(self, message: str = "", text: str = "", fields: tuple[str, ...] = ()) -> None:
        self.message = message
        self.text = text
        self.details: dict[str, Any] = {"fields": list(fields)} if fields else {}

    @classmethod
    def read(cls, response: Response) -> _Words:
        try:
            body = json.loads(response.body)
            message, detail = str(body["message"]), str(body.get("detail") or "")
            failed = [(str(one["field"]), str(one["detail"])) for one in body.get("validations") or ()]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return cls()
        parts = [message, *([detail] if detail and detail != message else [])]
        parts += [f"{field}: {said}" for field, said in failed[:MOST_VALIDATIONS]]
        return cls(message, quote_service("; ".join(parts)), tuple(quote_service(field) for field, _ in failed[:5]))


def _unauthorized(call: Call[Any], response: Response, details: dict[str, Any]) -> ServiceError:
    message = "Coder does not know this token, or it has expired"
    if not response.with_token:
        message = f"Coder shows {call.subject} only to users, and no token is set"
    return AuthenticationFailed(message, status=401, details=details, service=_service(call))


def _refused_by_the_application(call: Call[Any], response: Response) -> ServiceError:
    """Return the error of AgentAPI, which has the shape of RFC 9457 (coder/agentapi v0.12.1)."""
    try:
        body = json.loads(response.body)
        said = "; ".join(str(one.get("message") or one.get("location")) for one in body.get("errors") or ())
        text = quote_service(said or str(body.get("detail") or ""))
    except (ValueError, TypeError, AttributeError, RecursionError):
        text = ""
    kind = InvalidInput if response.status < SERVER_FAULT else ServiceFailed
    message = f"The agent's application refuses {call.subject} with status {response.status}"
    return kind(f"{message}: {text}" if text else message, status=response.status, service=_service(call))


def _service(call: Call[Any]) -> Service:
    return CODER_WRITES if call.writes else CODER
