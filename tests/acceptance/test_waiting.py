"""A build goes red while an agent waits: Drone, the receiver and the agent's server are processes of their own.

Drone tells the receiver, the receiver the store, the store the waiting server; nobody asks Drone for the build.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from mcp import Client, StdioServerParameters

from support.patience import PATIENCE
from support.warm import warm_python, warm_server
from support.webhook_receiver import ReceiverProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "known-to-drone-and-the-receiver"
SLUG = "octo/hello"


@contextmanager
def drone_process(webhook: str) -> Iterator[dict[str, Any]]:
    """Run the simulator with a clock that `advance` moves, and with webhooks."""
    command = [*warm_python(), "-m", "drone_mcp_simulator", "serve", "--clock", "manual", "--scenario", "demo"]
    command += ["--webhook", webhook, "--webhook-secret-env", "WEBHOOK_SECRET"]
    environment = {"WEBHOOK_SECRET": SECRET}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


class Drone:
    """The simulator as the test drives it."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def push(self) -> int:
        """Start a build of the branch whose pipeline fails."""
        answer = await self.http.post(f"/api/repos/{SLUG}/builds", params={"branch": "topic/upgrade"})
        return int(answer.raise_for_status().json()["number"])

    async def advance(self, seconds: float) -> None:
        """Let time pass, and every webhook of that time arrive."""
        (await self.http.post("/_simulator/advance", json={"seconds": seconds})).raise_for_status()

    async def asked(self) -> list[str]:
        """What was asked of the API, without what the test itself did and the check of the agent's token."""
        every = (await self.http.get("/_simulator/requests")).raise_for_status().json()
        return [
            f"{one['method']} {one['path']}" for one in every if one["method"] == "GET" and one["path"] != "/api/user"
        ]


def agent(drone: dict[str, Any], state: str) -> StdioServerParameters:
    token = drone["tokens"]["dev"]
    environment = {"DRONE_SERVER": drone["url"], "DRONE_TOKEN": token, "DRONE_MCP_STATE": state}
    return warm_server("drone_mcp_builds", environment)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_that_waits_is_told_that_the_build_went_red_without_polling(tmp_path: Path, mode: Any) -> None:
    state = f"sqlite://{tmp_path}/state.db"
    # The simulator's clock stands still at a moment long ago, so the age of a delivery is not checked here.
    settings = {"DRONE_MCP_WEBHOOK_SECRET": SECRET, "DRONE_MCP_WEBHOOK_MAX_AGE": "0", "DRONE_MCP_STATE": state}
    with (
        anyio.fail_after(PATIENCE),
        ReceiverProcess(settings) as receiver,
        drone_process(f"{receiver.url}/webhooks") as reported,
    ):
        headers = {"authorization": f"Bearer {reported['tokens']['admin']}"}
        async with (
            httpx.AsyncClient(base_url=reported["url"], headers=headers, timeout=PATIENCE) as http,
            Client(agent(reported, state), mode=mode) as client,
        ):
            drone = Drone(http)
            number = await drone.push()
            await drone.advance(10)
            arguments = {"repo": SLUG, "number": number}
            waiting = asyncio.create_task(client.call_tool("drone_wait_for_build", arguments))
            while not await drone.asked():  # noqa: ASYNC110 - the agent's process is to get that far
                await asyncio.sleep(0)
            assert not waiting.done()
            await drone.advance(600)
            answer = (await waiting).structured_content
            assert await drone.asked() == [f"GET /api/repos/{SLUG}"], "once, whether the agent's token may read it"
    assert (answer["finished"], answer["build"]["status"], answer["build"]["source"]) == (True, "failure", "store")
    assert answer["changes"][0] == "build: running -> failure"
    assert answer["build"]["first_failure"]["step_name"] == "test"
    assert answer["next_step"].startswith(f"drone_diagnose_build with number {number} explains why it failed")
