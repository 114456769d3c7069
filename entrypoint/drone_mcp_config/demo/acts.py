"""The acts of the demo, in order, as an agent would play them."""

from __future__ import annotations

import json
import re
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import httpx

from drone_mcp_config.checking.launching import LaunchFailed, from_entry, launched
from drone_mcp_config.clients.atomic_file import update_text
from drone_mcp_config.clients.configuration_builder import Choices, make_configuration
from drone_mcp_config.clients.folders import UserFolders
from drone_mcp_config.clients.text_editing import new_text
from drone_mcp_config.demo.agent import REPO, Act, DemoAgent, StoryFailed, ToolAnswer
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.plan.model import START_SECONDS
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from drone_mcp_config.demo.processes import SimulatedDrone


ROLE = "dev"
STATE = "DRONE_MCP_STATE"
PATTERN = r"\bFAILED\b"
NUMBERED = re.compile(r" *\d+[|>]")
TAIL_SHOWN = 6  # lines of the log's end that the page shows; the answer has them all


async def play_acts(drone: SimulatedDrone, folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Act]:
    """Play all acts, in `folder`.

    Raises:
        StoryFailed: an act did not have the result that it must have.
    """
    yield Act("A Drone server to look at", "drone-mcp-simulator serve --scenario demo", 0.0, (drone.url,))
    yield Act("A receiver for its webhooks", "drone-mcp-webhooks serve", 0.0, (f"keeps {drone.state}",))
    file = folder / ".mcp.json"
    yield _configure(file, environment)
    failed: StoryFailed | None = None
    async with AsyncExitStack() as stack:
        agent = DemoAgent()
        # Raised outside: the task groups of the connections would wrap it in exception groups.
        try:
            async for act in _start(agent, stack, file, {**environment, **drone.environment}):
                yield act
            async for act in go_red(agent, drone):
                yield act
            async for act in _investigate(agent):
                yield act
        except StoryFailed as error:
            failed = error
    if failed:
        raise failed


async def _start(
    agent: DemoAgent, stack: AsyncExitStack, file: Path, environment: Mapping[str, str]
) -> AsyncIterator[Act]:
    entries = json.loads(await anyio.Path(file).read_text(encoding="utf-8"))["mcpServers"]
    for name, entry in entries.items():
        try:
            parameters = from_entry(entry, environment)
            # Claude Code's servers inherit the variables that its file does not name.
            parameters.env = {STATE: environment[STATE], **(parameters.env or {})}
            server = launched(parameters, patience=START_SECONDS)
            running = await stack.enter_async_context(server)
        except LaunchFailed as error:
            raise StoryFailed(f"{name}: {error}") from error
        agent.servers[name] = running
        yield Act(f"{name} starts", " ".join([entry["command"], *entry["args"]]), running.seconds, running.tools)


def _configure(file: Path, environment: Mapping[str, str]) -> Act:
    began = time.perf_counter()
    installed = read_installation()
    role = load_role(ROLE, role_library(None), installed)
    made = make_configuration(role, installed, Choices(), UserFolders.here(), environment)
    update_text(file, lambda _: new_text(made.client, made.entries))
    seconds = time.perf_counter() - began
    lines = (f"{file}: {', '.join(made.entries)}", "It holds ${DRONE_SERVER} and ${DRONE_TOKEN}, never their values.")
    return Act("The role becomes a configuration", f"drone-mcp-config --role {ROLE}", seconds, lines)


async def _investigate(agent: DemoAgent) -> AsyncIterator[Act]:
    act, listed = await agent.ask(
        "Which builds are red?", "drone_list_builds", _builds, repo=REPO, status="failure", limit=3
    )
    yield act
    build = {"repo": REPO, "number": listed.data["builds"][0]["number"]}
    act, _ = await agent.ask("How does it stand?", "drone_get_build", _headline, **build)
    yield act
    act, _ = await agent.ask("What did the failed step print last?", "drone_get_build_logs", _end, **build)
    yield act
    act, found = await agent.ask(
        "And the line that matters?", "drone_search_build_logs", _numbered, **build, pattern=PATTERN, max_matches=1
    )
    marks = (shown.partition(">") for shown in _numbered(found))
    line = next((int(number) for number, mark, _ in marks if mark and number.strip().isdigit()), None)
    if line is None:
        raise StoryFailed("the search found no line")
    yield replace(act, line=line)
    act, _ = await agent.ask(
        "Or all of it in one call?", "drone_diagnose_build", lambda answer: _diagnosis(answer, line), **build
    )
    yield replace(act, line=line)


def _builds(answer: ToolAnswer) -> tuple[str, ...]:
    if not answer.data["builds"]:
        raise StoryFailed("no red build was found")
    return tuple(f"#{build['number']} {build['status']}: {build.get('title', '')}" for build in answer.data["builds"])


def _headline(answer: ToolAnswer) -> tuple[str, ...]:
    return (str(answer.data["headline"]),)


def _end(answer: ToolAnswer) -> tuple[str, ...]:
    return _numbered(answer)[-TAIL_SHOWN:]


def _diagnosis(answer: ToolAnswer, line: int) -> tuple[str, ...]:
    """Return the conclusion, and of the excerpt the line that matters."""
    key = next((shown for shown in _numbered(answer) if shown.strip().startswith(f"{line}|")), None)
    if key is None:
        raise StoryFailed(f"the diagnosis does not show line {line}")
    return (*answer.text.splitlines()[:2], key)


def _numbered(answer: ToolAnswer) -> tuple[str, ...]:
    """Return the lines of a log that an answer shows; each begins with its number."""
    return tuple(line for line in answer.text.splitlines() if NUMBERED.match(line))


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
    yield act.showing((*act.shown, headline, "Drone was not asked once: its webhooks informed the receiver."))


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
