"""Makes readers of responses, and the error for a response that is no success. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ci_mcp_http.call import Call
from ci_mcp_http.gateways import find_gateway_error
from ci_mcp_http.response import hide_addresses, parse_body, quote_service
from ci_mcp_kit.errors import (
    AuthenticationFailed,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ServiceError,
    ServiceFailed,
    UnexpectedAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_http.call import Params, Reader
    from ci_mcp_http.response import Response
    from ci_mcp_kit.errors import Service

T = TypeVar("T")

SERVER_FAULT: Final = 500  # the lowest status by which a server says that it is at fault
_REFUSED_QUERY: Final = frozenset({400, 422})
_JSON: Final = ("accept", "application/json")


def get(
    service: Service,
    operation: str,
    subject: str,
    path: str,
    parse: Callable[[bytes], T],
    params: Params = (),
    template: str = "",
) -> Call[T]:
    """Return a call that reads; `parse` raises a ValueError for a body that is not of the service."""
    return Call(
        operation=operation,
        subject=subject,
        method="GET",
        path=path,
        template=template or path,
        read=read_with(parse, service),
        params=params,
        headers=(_JSON,),
    )


def read_with(parse: Callable[[bytes], T], service: Service) -> Reader[T]:
    """Return the reader of a call to a service."""

    def parse_in_range(body: bytes) -> T:
        try:
            return parse(body)
        except ArithmeticError:
            raise ValueError("a number or a time is out of range") from None

    def read(call: Call[Any], response: Response) -> T:
        if response.is_success and not response.is_web_page:
            return parse_body(parse_in_range, response, call.subject, service)
        raise find_gateway_error(call, response, service, {}) or describe_refusal(call, response, service)

    return read


def describe_refusal(call: Call[Any], response: Response, service: Service) -> ServiceError:
    """Return the error for a refusal by the service itself."""
    status, said = response.status, _quote(response.body)
    if status in _REFUSED_QUERY:
        return InvalidInput(f"{service.name} refuses {call.subject}{said}", status=status, service=service)
    if status == 401:  # noqa: PLR2004 - the status itself says what is meant
        message = f"{service.name} does not accept this token"
        if not response.with_token:
            message = f"{service.name} answers only with a token, and none is set"
        return AuthenticationFailed(message, status=status, service=service)
    if status == 403:  # noqa: PLR2004 - likewise
        return PermissionDenied(
            f"{service.name} refuses {call.subject}{said}",
            next_step=f"Set {service.token} to a token that may read it",
            status=status,
            service=service,
        )
    if status == 404:  # noqa: PLR2004 - likewise
        return NotFound(
            f"{service.name} has no {call.subject.removeprefix('the ')}{said}",
            next_step=f"Check the name or id; if it is right, check that {service.address} ends where {service.name}'s "
            "own paths begin",
            status=status,
            service=service,
        )
    if status >= SERVER_FAULT:
        return ServiceFailed(f"{service.name} failed with status {status}{said}", status=status, service=service)
    return UnexpectedAnswer(
        f"{service.name} answered {call.subject} with status {status}", status=status, service=service
    )


def _quote(body: bytes) -> str:
    """Return a service's own words as the end of a sentence: an `error`, a `msg`, a JSON text, or a plain text."""
    text = body[:2_000].decode("utf-8", "replace").strip()
    try:
        data = json.loads(text)
    except ValueError:
        data = text
    if isinstance(data, dict):
        errors = data.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else {}
        data = data.get("error") or (first.get("msg") if isinstance(first, dict) else "")
    said = quote_service(hide_addresses(data)) if isinstance(data, str) else ""
    return f": {said}" if said else ""
