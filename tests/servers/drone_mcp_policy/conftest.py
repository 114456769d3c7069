"""A policy server behind a real MCP client, before a Drone whose every answer the test gives."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import respx
from mcp import Client

from drone_mcp_policy.server import create
from drone_mcp_policy.settings import PolicySettings
from support.made_builds import T0

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

SERVER = "https://drone.example.com"


class Answer:
    """What a tool said."""

    def __init__(self, result: Any) -> None:
        self.failed: bool = bool(result.is_error)
        self.data: dict[str, Any] = json.loads(result.content[0].text.removeprefix("Error: "))
        if not self.failed:
            assert result.structured_content == self.data


class Agent:
    """An MCP client with the words that tests use."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, tool: str, **arguments: Any) -> Answer:
        return Answer(await self.client.call_tool(tool, arguments))

    async def evaluate(self, **arguments: Any) -> dict[str, Any]:
        answer = await self.call("drone_evaluate_build", **arguments)
        assert not answer.failed, answer.data
        return answer.data

    async def read(self, uri: str) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((await self.client.read_resource(uri)).contents[0].text)  # type: ignore[union-attr]  # a JSON resource is text
        return data


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> str:
    """Both eras of the protocol: without and with `initialize`."""
    return str(request.param)


@pytest.fixture
def connect() -> Callable[..., Any]:
    """Start a server with the given environment and connect to it."""

    @asynccontextmanager
    async def connected(
        mode: Any = "auto", clock: Callable[[], float] | None = None, **env: str
    ) -> AsyncIterator[Agent]:
        variables = {"DRONE_SERVER": SERVER, "DRONE_TOKEN": "a-token-of-the-tests", "DRONE_MCP_RETRIES": "0", **env}
        server = create(PolicySettings.from_environment(variables), clock or (lambda: T0 + 300.0))
        async with Client(server, mode=mode) as client:
            yield Agent(client)

    return connected


@pytest.fixture
async def agent(connect: Callable[..., Any]) -> AsyncIterator[Agent]:
    """A connected client, with the ordinary settings."""
    async with connect() as agent:
        yield agent


@pytest.fixture
def drone() -> Iterator[respx.MockRouter]:
    """The Drone that is asked; a request that no test expects fails, and so does an answer that none asks for."""
    with respx.mock(base_url=SERVER, assert_all_called=True) as router:
        yield router
