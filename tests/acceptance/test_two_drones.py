"""Two Drones with repositories of the same names, and one store that somebody gave to both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import respx
from mcp import Client

from drone_mcp_state import open_store
from support.captured_builds import SECRET
from support.http_process import started
from support.installed import make_server
from support.made_builds import T0, made_build, made_repo, made_stage, made_step
from support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

ONE, OTHER = "https://one.test", "https://other.test"
REPO = "/api/repos/octo/hello"


@pytest.fixture
def state(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/state.db"


async def headline(server: str, state: str, status: str) -> str:
    """Ask for a build that ended with a status at the Drone of an address."""
    step = made_step(1, "test", status, exit_code=int(status == "failure"))
    build = made_build(8, status, made_stage(1, "ci", status, step, started=T0, stopped=T0 + 9), finished=T0 + 9)
    environment = {"DRONE_SERVER": server, "DRONE_TOKEN": "a-token-of-the-tests", "DRONE_MCP_STATE": state}
    with respx.mock(base_url=server, assert_all_called=False) as drone:
        drone.get(REPO).respond(json=made_repo("octo/hello"))
        drone.get(f"{REPO}/builds").respond(json=[build])
        drone.get(f"{REPO}/builds/8").respond(json=build)
        async with Client(make_server("builds", environment)) as client:
            result = await client.call_tool("drone_get_build", {"repo": "octo/hello", "number": 8})
    assert not result.is_error, result.content
    answer: dict[str, Any] = dict(result.structured_content or {})
    return str(answer["headline"])


async def test_neither_is_answered_for_by_the_builds_of_the_other(state: str, caplog: pytest.LogCaptureFixture) -> None:
    first = await headline(ONE, state, "success")
    second = await headline(OTHER, state, "failure")
    assert first != second
    assert "failed" in second
    assert f"{ONE}, and this process asks {OTHER}" in caplog.text
    assert await headline(ONE, state, "success") == first


async def test_a_receiver_of_the_other_does_not_start(state: str) -> None:
    async with open_store(state, ONE):
        pass
    environment = {"DRONE_SERVER": OTHER, "DRONE_MCP_WEBHOOK_SECRET": SECRET, "DRONE_MCP_STATE": state}
    with started("drone_mcp_webhooks", "serve", "--listen", "127.0.0.1:0", **environment) as process:
        assert process.stderr
        assert (process.wait(PATIENCE), f"Drone at {ONE}, and this process asks {OTHER}" in process.stderr.read()) == (
            2,
            True,
        )
