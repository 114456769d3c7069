"""A call that needs only the beginning of a body."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ci_mcp_http.call import Call
from ci_mcp_http.options import ClientOptions
from ci_mcp_http.transport import Transport
from ci_mcp_kit.errors import Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ci_mcp_http.response import Response

PIECE = b"x" * 1000
SERVICE = Service(name="Example", code="EXAMPLE_ERROR", address="EXAMPLE_URL", token="EXAMPLE_TOKEN")
CALL: Call[Response] = Call(
    operation="text.read",
    subject="the text",
    method="GET",
    path="/text",
    template="/text",
    read=lambda _, response: response,
)


class Body(httpx.AsyncByteStream):
    """Ten pieces, of which it counts those that were asked for."""

    def __init__(self) -> None:
        self.sent = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(10):
            self.sent += 1
            yield PIECE

    async def aclose(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("enough", "sent"), [(0, 10), (1, 1), (1000, 2), (2500, 3), (10_000, 10), (20_000, 10)])
async def test_no_more_is_read_than_a_call_needs(enough: int, sent: int) -> None:
    body = Body()

    async def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=body)

    options: dict[str, Any] = {"service": SERVICE, "server": "http://127.0.0.1:1", "max_body": 50_000}
    transport = Transport(ClientOptions(**options), network=httpx.MockTransport(answer))
    response = await transport.send(replace(CALL, enough=enough))
    await transport.aclose()
    assert (body.sent, response.body, response.is_cut) == (sent, PIECE * sent, sent < 10)
    assert body.closed
