"""Responses that do not come from the service but from something before it: a proxy or a sign-in page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ci_mcp_http.response import quote_service
from ci_mcp_http.retries import mark_outcome_unknown
from ci_mcp_kit.errors import RateLimited, ServiceFailed, TimedOut, UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_http.call import Call
    from ci_mcp_http.response import Response
    from ci_mcp_kit.errors import Service, ServiceError

BAD_REQUEST: Final = 400
# What net/http of Go answers on a port for TLS (golang/go, src/net/http/server.go, conn.serve).
HTTPS_WANTED: Final = b"Client sent an HTTP request to an HTTPS server"
TOO_MANY_REQUESTS: Final = 429
GATEWAY_TIMEOUT: Final = 504
GATEWAY_FAULTS: Final = frozenset({502, 503, GATEWAY_TIMEOUT})


def find_gateway_error(
    call: Call[Any], response: Response, service: Service, details: Mapping[str, Any]
) -> ServiceError | None:
    """Return the error for a response of a gateway, None where it is the service's own.

    An API sends no web page and no redirect, and 429, 502, 503 and 504 are what proxies answer. A service that sends
    one of these itself reads it before it asks here.
    """
    if response.is_redirect:
        return _redirected(response, service)
    if response.status == TOO_MANY_REQUESTS:
        return _rate_limited(response, service, details)
    if response.status in GATEWAY_FAULTS:
        return _unavailable(call, response, service, details)
    if response.status == BAD_REQUEST and response.body.startswith(HTTPS_WANTED):
        return UnexpectedAnswer(
            "The server takes https on this port, and got a plain http request",
            next_step=f"Let {service.address} begin with https://",
            status=response.status,
            service=service,
        )
    return _web_page(call, response, service) if response.is_web_page else None


def _web_page(call: Call[Any], response: Response, service: Service) -> ServiceError:
    if response.is_success:
        return UnexpectedAnswer(
            f"The server answered with a web page where {service.name}'s API has {call.subject}",
            next_step=f"Check that {service.address} is the address of {service.name} itself, without a path; "
            f"a sign-in page in front of {service.name} answers like this too",
            status=response.status,
            service=service,
        )
    return UnexpectedAnswer(
        f"A web page with status {response.status} came instead of {service.name}'s answer",
        next_step=f"Find out what is in front of {service.name} (single sign-on, a firewall) "
        "and let this client through",
        status=response.status,
        service=service,
    )


def _redirected(response: Response, service: Service) -> ServiceError:
    # Shown, because it mostly names the mistake: http for https, another host, a sign-in page.
    target = _without_secrets(response.headers.get("location", ""))
    leads = f" to {target}" if target else ""
    return UnexpectedAnswer(
        f"The server redirects{leads}; a redirect is not followed, because the token would travel with it",
        next_step=f"Set {service.address} to the address that {service.name} itself answers at "
        "(its scheme and host, without a path)",
        status=response.status,
        service=service,
    )


def _without_secrets(location: str) -> str:
    """Return an address without user, password, query and fragment, where single sign-on puts its secrets."""
    try:
        address = urlsplit(location)
    except ValueError:
        return ""
    return quote_service(address._replace(netloc=address.netloc.rpartition("@")[2], query="", fragment="").geturl())


def _rate_limited(response: Response, service: Service, details: Mapping[str, Any]) -> ServiceError:
    later = _retry_details(response)
    return RateLimited(
        f"Something in front of {service.name} asks to slow down",
        # The default speaks of details.retry_after, which is not there without the header.
        next_step=None if later else "Wait a minute, then call again",
        status=response.status,
        details={**details, **later},
        service=service,
    )


def _unavailable(call: Call[Any], response: Response, service: Service, details: Mapping[str, Any]) -> ServiceError:
    kind = TimedOut if response.status == GATEWAY_TIMEOUT else ServiceFailed
    error = kind(
        f"A proxy in front of {service.name} answered with status {response.status}: "
        f"{service.name} is down, starting or overloaded",
        next_step=f"Try again in a minute; if it persists, check the {service.name} server and the proxy in front",
        retryable=True,
        status=response.status,
        details={**details, **_retry_details(response)},
        service=service,
    )
    # Any of these can come after the proxy has passed the request on, so a write may have been carried out.
    return mark_outcome_unknown(call, error)


def _retry_details(response: Response) -> dict[str, Any]:
    return {} if response.retry_after is None else {"retry_after": response.retry_after}
