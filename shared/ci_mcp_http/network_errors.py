"""The error for a request that did not come to a response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from ci_mcp_http.response import quote_service
from ci_mcp_http.retries import mark_outcome_unknown
from ci_mcp_kit.errors import TimedOut, UnexpectedAnswer, Unreachable

if TYPE_CHECKING:
    from ci_mcp_http.call import Call
    from ci_mcp_kit.errors import Service, ServiceError

# OpenSSL's words for bytes that are no TLS, by its version (openssl/openssl, crypto/err/openssl.txt).
NO_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "UNEXPECTED_MESSAGE")


def describe_network_error(call: Call[Any], server: str, service: Service, error: httpx.HTTPError) -> ServiceError:
    """Return the `ServiceError` for an error of httpx.

    A request that was never sent has certainly not been carried out. Of the others, only an idempotent one may be sent
    again.
    """
    # These first, as ConnectTimeout and PoolTimeout are TimeoutExceptions, too. They alone mean that nothing was sent.
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return _not_connected(server, service, error)
    if isinstance(error, httpx.PoolTimeout):
        return TimedOut(
            f"Too many requests to {server} are under way",
            next_step="Call again with fewer at once",
            service=service,
        )
    # No network fault: the next answer would be compressed in the same way.
    if isinstance(error, httpx.DecodingError):
        odd = UnexpectedAnswer(f"The answer for {call.subject} is not compressed the way it says", service=service)
        return mark_outcome_unknown(call, odd)
    if isinstance(error, httpx.TimeoutException):
        message = f"{server} fell silent before the answer for {call.subject} was whole"
        return mark_outcome_unknown(call, TimedOut(message, service=service))
    broken = Unreachable(
        f"The connection to {server} broke{_quote_reason(error)}",
        # A port for TLS drops a request that comes without it, or answers with bytes that are no HTTP.
        next_step=f"Call again; if it breaks each time, {service.address} may have to begin with https://"
        if server.startswith("http:")
        else None,
        service=service,
    )
    return mark_outcome_unknown(call, broken)


def _not_connected(server: str, service: Service, error: httpx.HTTPError) -> Unreachable:
    reason = _quote_reason(error)
    if isinstance(error, httpx.ProxyError):
        return Unreachable(
            f"The proxy refuses connections to {server}{reason}",
            next_step="Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
            # A proxy or an authority that refuses now refuses the next attempt as well.
            retryable=False,
            service=service,
        )
    if "CERTIFICATE" in str(error):  # OpenSSL's word for it; httpx keeps no cause that could be asked
        return Unreachable(
            f"The TLS certificate of {server} is not trusted{reason}",
            next_step=f"Give the file of the authority that signed it ({service.ca_file})",
            retryable=False,
            service=service,
        )
    if any(word in str(error) for word in NO_TLS):
        return Unreachable(
            f"The server at {server} does not speak TLS{reason}",
            next_step=f"Set {service.address} to http://{urlsplit(server).netloc}, or name the port that has TLS",
            retryable=False,
            service=service,
        )
    return Unreachable(f"No connection to {server}{reason}", service=service)


def _quote_reason(error: httpx.HTTPError) -> str:
    words = quote_service(str(error))
    return f": {words}" if words else ""
