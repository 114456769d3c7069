"""Turns a response of Drone into data, or into an error with the next step.

Drone's own errors are JSON, `{"message": ...}` (drone/drone v2.25.0, handler/api/errors/errors.go and
handler/api/render/render.go). A wrong path under /api is a plain-text 404, a wrong method an empty 405, and any path
outside /api is the user interface with status 200 (handler/web/pages.go).
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from ci_mcp_http.gateways import find_gateway_error
from ci_mcp_http.response import LONGEST_QUOTE, Response, hide_addresses, json_parser, parse_body, quote_service
from ci_mcp_kit.errors import ServiceFailed
from drone_mcp_client import steplog
from drone_mcp_client.errors import DRONE
from drone_mcp_client.refusals import SERVER_FAULT, Refusal, describe_refusal
from drone_mcp_client.steplog import StepLog

if TYPE_CHECKING:
    from ci_mcp_http.call import Call, Reader
    from ci_mcp_http.sse import ServerEvent

T = TypeVar("T")


@cache
def read_as(model: Any) -> Reader[Any]:
    """Return the reader of a call that is answered by `model`, None where there is nothing to read.

    The reader raises the `ServiceError` that a response means. It is the same function for the same model, so that
    calls can be compared.
    """
    parse = steplog.parse if model is StepLog else _ignore if model is None else json_parser(model)

    def read(call: Call[Any], response: Response) -> Any:
        # A page with status 200 is Drone's user interface, or the login of a proxy.
        if response.is_success and not response.is_web_page:
            return parse_body(parse, response, call.subject, DRONE)
        refusal = Refusal(call, response, *_read_message(response))
        # Gateways first: the rules for refusals take each status as Drone means it.
        raise find_gateway_error(call, response, DRONE, refusal.details) or describe_refusal(refusal)

    return read


def read_event(call: Call[T], event: ServerEvent) -> T:
    """Read one event of a stream.

    Raises:
        ServiceFailed: Drone reports an error in the stream.
        UnexpectedAnswer: the data is not what the stream should hold.
    """
    if event.name == "error":
        message = f"Drone broke off {call.subject}: {quote_service(event.data)}"
        raise ServiceFailed(message, retryable=True, service=DRONE)
    return call.read(call, Response(status=200, body=event.data.encode("utf-8", "replace")))


def is_end(event: ServerEvent) -> bool:
    """Return whether Drone ends a stream: `event: error` with `data: eof` (handler/api/events/logs.go)."""
    return event.name == "error" and event.data.strip() == "eof"


def _ignore(_: bytes) -> None:
    """Parse the body of a response that has none worth reading."""


def _read_message(response: Response) -> tuple[str, bool]:
    """Return what an error response says, and whether Drone itself says it: its words come as JSON."""
    try:
        message = json.loads(response.body)["message"]
    except (ValueError, TypeError, KeyError, RecursionError):
        if not response.content_type.startswith("text/plain"):
            return "", False
        # A character has at most 4 bytes in UTF-8 (RFC 3629).
        return quote_service(response.body[: 4 * LONGEST_QUOTE].decode("utf-8", "replace")), False
    # A fault can be that of a webhook endpoint or a source host that Drone called, with its address.
    words = hide_addresses(str(message)) if response.status >= SERVER_FAULT else str(message)
    return quote_service(words), True
