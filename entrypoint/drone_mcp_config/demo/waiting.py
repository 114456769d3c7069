"""Makes a build fail while the agent waits for it; the news comes from Drone's webhooks alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

from drone_mcp_config.demo.agent import REPO, Act, DemoAgent, StoryFailed, ToolAnswer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from drone_mcp_config.demo.processes import SimulatedDrone

BRANCH = "topic/loader"


async def go_red(agent: DemoAgent, drone: SimulatedDrone) -> AsyncIterator[Act]:
    """Start a build that will fail, and wait for it as an agent does.

    Raises:
        StoryFailed: it does not fail, or the agent's server had to ask Drone how it stands.
    """
    headers = {"authorization": f"Bearer {drone.token}"}
    # The simulator is on this machine, where no proxy leads.
    async with httpx.AsyncClient(base_url=drone.url, headers=headers, trust_env=False) as http:
        act, number = await _push(http)
        yield act
        build = {"repo": REPO, "number": number}
        act, answer = await agent.ask("Has it begun?", "drone_wait_for_build", _changes, **build, until="change")
        yield act
        before = await _count_requests(http, number)
        act, answer = await agent.ask(
            "And how does it end?", "drone_wait_for_build", _changes, **build, cursor=answer.data["cursor"]
        )
        asked = await _count_requests(http, number) - before
    if answer.data["build"]["status"] != "failure" or asked:
        raise StoryFailed(f"build {number} is {answer.data['build']['status']}, Drone was asked {asked} times")
    headline = str(answer.data["build"]["headline"])
    yield act.showing((*act.told, headline, "Drone was not asked once: its webhooks told the receiver."))


async def _push(http: httpx.AsyncClient) -> tuple[Act, int]:
    began = time.perf_counter()
    path = f"/api/repos/{REPO}/builds"
    try:
        answer = (await http.post(path, params={"branch": BRANCH})).raise_for_status()
    except httpx.HTTPError as error:
        raise StoryFailed(f"no build could be started: {error}") from error
    number = int(answer.json()["number"])
    seconds = time.perf_counter() - began
    return Act("Meanwhile a colleague pushes", f"POST {path}?branch={BRANCH}", seconds, (f"#{number} begins",)), number


async def _count_requests(http: httpx.AsyncClient, number: int) -> int:
    """Return how often the simulator was asked for the build."""
    asked = (await http.get("/_simulator/requests")).raise_for_status().json()
    return sum(f"/builds/{number}" in request["path"] for request in asked)


def _changes(answer: ToolAnswer) -> tuple[str, ...]:
    return tuple(answer.data["changes"])
