"""What a failure of the network is to a caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from drone_mcp_client.answers import clean
from drone_mcp_client.errors import ServiceError, TimedOut, UnexpectedAnswer, Unreachable
from drone_mcp_client.refusals import left_open

if TYPE_CHECKING:
    from drone_mcp_client.calls import Call


def explained(call: Call[Any], server: str, broken: httpx.HTTPError) -> ServiceError:
    """The error for a request that httpx could not bring to an answer.

    A request that never left is certain not to have been carried out; of the others only an idempotent one may be
    called retryable.
    """
    if isinstance(broken, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return _no_connection(server, broken)
    if isinstance(broken, httpx.PoolTimeout):
        return TimedOut(f"Too many requests to {server} are under way", next_step="Call again with fewer at once")
    if isinstance(broken, httpx.DecodingError):
        return UnexpectedAnswer(f"The answer for {call.subject} is not compressed the way it says")
    if isinstance(broken, httpx.TimeoutException):
        return left_open(call, TimedOut(f"{server} fell silent before the answer for {call.subject} was whole"))
    return left_open(call, Unreachable(f"The connection to {server} broke{_reason(broken)}"))


def _no_connection(server: str, broken: httpx.HTTPError) -> Unreachable:
    if isinstance(broken, httpx.ProxyError):
        return Unreachable(
            f"The proxy lets nothing through to {server}{_reason(broken)}",
            next_step="Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
            retryable=False,
        )
    if "CERTIFICATE" in str(broken):
        return Unreachable(
            f"The TLS certificate of {server} is not trusted{_reason(broken)}",
            next_step="Give the file of the authority that signed it (DRONE_MCP_CA_FILE)",
            retryable=False,
        )
    return Unreachable(f"No connection to {server}{_reason(broken)}")


def _reason(broken: httpx.HTTPError) -> str:
    words = clean(str(broken))
    return f": {words}" if words else ""
