"""Follows a redirect of a service to the store in which it keeps large files: once, over TLS only, without its token.

The address of such a redirect is often signed, and is a secret for as long as it is valid: no error shows more of it
than its host.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from ci_mcp_http.network_errors import describe_network_error
from ci_mcp_kit.errors import InvalidInput, UnexpectedAnswer
from ci_mcp_kit.http_client_factory import http_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ci_mcp_http.call import Call
    from ci_mcp_http.options import ClientOptions

SENT_ALONG: Final = ("accept", "accept-encoding", "range")  # the headers of a request that say nothing of its sender
SERVER_FAULT: Final = 500


def find_store(server: str, response: httpx.Response) -> str | None:
    """Return the address on another host to which a response redirects, None if there is none to follow.

    Without TLS on both sides anyone on the way could send us anywhere, or read the address.
    """
    # Made by httpx from the location, which may be relative; never sent, as it holds headers about the sender.
    if response.next_request is None:
        return None
    here, there = httpx.URL(server), response.next_request.url
    is_elsewhere = (here.host, here.port) != (there.host, there.port)
    is_secure = here.scheme == there.scheme == "https" and not there.userinfo
    return str(there) if is_secure and is_elsewhere else None


@asynccontextmanager
async def open_store(options: ClientOptions, call: Call[Any], address: str) -> AsyncIterator[httpx.Response]:
    """Send a call to a store, and yield its response while the body can be read.

    Raises:
        ServiceError: it could not be reached, or answered with anything but a success.
    """
    host = f"https://{urlsplit(address).netloc}"
    headers = {name: value for name, value in call.headers if name.lower() in SENT_ALONG}
    timeout = httpx.Timeout(options.read_timeout, connect=options.connect_timeout)
    try:
        # A client of its own: it may need another proxy, and shares no cookies with that of the service.
        client = http_client(host, ca_file=options.ca_file, skip_verify=options.skip_verify)
    except OSError as error:
        raise InvalidInput(str(error), service=options.service) from None
    try:
        async with client, client.stream(call.method, address, headers=headers, timeout=timeout) as response:
            if not response.is_success:
                raise UnexpectedAnswer(
                    f"The store {host}, to which {options.service.name} redirects for {call.subject}, answered with "
                    f"status {response.status_code}",
                    next_step="Call again: the address that it redirects to is often valid for a short time only",
                    status=response.status_code,
                    retryable=response.status_code >= SERVER_FAULT,
                    service=options.service,
                )
            yield response
            return
    except httpx.HTTPError as error:
        fault = describe_network_error(call, host, options.service, error)
    # Raised here and not above: the caught error holds the request and with it the signed address.
    raise fault
