from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_kit.variables import Secret
from drone_mcp_build.settings import Settings
from support.example_server import create
from support.redis_server import RedisServer
from support.store_fixtures import own_redis

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from mcp.server.mcpserver import MCPServer

__all__ = ["own_redis"]  # fixtures

TOKEN = "55f24eb3d61ef6ac5e83d550178638dc"


@pytest.fixture
def settings() -> Settings:
    return Settings(server="http://drone.test", token=Secret(TOKEN), repos=("octo/*",), repo="octo/hello")


@pytest.fixture
def server(settings: Settings) -> MCPServer[Any]:
    return create(settings)


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Generator[RedisServer]:
    """One Redis for all tests that only use it."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


def address(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if name == "memory":
        return "memory:"
    if name == "sqlite":
        return f"sqlite://{tmp_path}/state.db"
    server: RedisServer = request.getfixturevalue("shared_redis")
    server.flush()
    return server.url


@pytest.fixture(params=["memory", "sqlite", "redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Every store in turn; Redis is a real one, emptied for each test."""
    return address(request.param, request, tmp_path)


@pytest.fixture(params=["sqlite", "redis"])
def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Every store that several processes can open."""
    return address(request.param, request, tmp_path)
