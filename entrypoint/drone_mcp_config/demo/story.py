"""What the demo does, act by act, as an agent would: each act is one thing asked and what came of it."""

from __future__ import annotations

import json
import re
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import anyio

from drone_mcp_config.clients import Places
from drone_mcp_config.documents import fresh
from drone_mcp_config.files import replace_text
from drone_mcp_config.generating import Choices, generate
from drone_mcp_config.installation import read_installation
from drone_mcp_config.launching import LaunchFailed, Running, from_entry, launched
from drone_mcp_config.plan import START_SECONDS
from drone_mcp_config.role_loading import library, load_role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from drone_mcp_config.demo.simulated import Simulated

ROLE = "dev"
REPO = "octo/hello"
PATTERN = r"\bFAILED\b"
NUMBERED = re.compile(r" *\d+[|>]")
TAIL_SHOWN = 6  # lines of the log's end that the page shows; the answer has them all


class StoryFailed(Exception):
    """An act did not come out as it must."""


@dataclass(frozen=True)
class Act:
    """One thing asked, and what came of it.

    Attributes:
        title: in a few words.
        asked: the command or the tool call.
        seconds: how long it took.
        told: what to show of the answer, line by line.
        tokens: the size of a tool's answer as an agent pays for it, at four characters a token.
        line: the number of the line that matters, in the last act.
    """

    title: str
    asked: str
    seconds: float
    told: tuple[str, ...]
    tokens: int | None = None
    line: int | None = None

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON data without what it does not have."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass
class Agent:
    """The demo's stand-in for an agent: it calls a tool wherever a server offers it."""

    servers: dict[str, Running] = field(default_factory=dict)

    async def call(self, tool: str, **arguments: Any) -> tuple[Any, str, float]:
        """Call a tool; return its structured answer, its text and the seconds it took.

        Raises:
            StoryFailed: no server has it, or the call failed.
        """
        server = next((server for server in self.servers.values() if tool in server.tools), None)
        if server is None:
            raise StoryFailed(f"no server offers {tool}")
        began = time.perf_counter()
        result = await server.client.call_tool(tool, arguments)
        seconds = time.perf_counter() - began
        text = "\n".join(block.text for block in result.content if block.type == "text")
        if result.is_error:
            raise StoryFailed(f"{tool} failed: {text}")
        return result.structured_content, text, seconds


async def tell(drone: Simulated, folder: Path, environment: Mapping[str, str]) -> AsyncIterator[Act]:
    """Play all acts, in `folder`.

    Raises:
        StoryFailed: an act did not come out as it must.
    """
    yield Act("A Drone server to look at", "drone-mcp-simulator serve --scenario demo", 0.0, (drone.url,))
    file = folder / ".mcp.json"
    yield _configure(file, environment)
    failed: StoryFailed | None = None
    async with AsyncExitStack() as stack:
        agent = Agent()
        # Kept and raised outside: connections that an exception passes through wrap it in groups.
        try:
            async for act in _start(agent, stack, file, {**environment, **drone.environment}):
                yield act
            async for act in _investigate(agent):
                yield act
        except StoryFailed as error:
            failed = error
    if failed:
        raise failed


async def _start(agent: Agent, stack: AsyncExitStack, file: Path, environment: Mapping[str, str]) -> AsyncIterator[Act]:
    entries = json.loads(await anyio.Path(file).read_text(encoding="utf-8"))["mcpServers"]
    for name, entry in entries.items():
        try:
            server = launched(from_entry(entry, environment), patience=START_SECONDS)
            running = await stack.enter_async_context(server)
        except LaunchFailed as error:
            raise StoryFailed(f"{name}: {error}") from error
        agent.servers[name] = running
        yield Act(f"{name} starts", " ".join([entry["command"], *entry["args"]]), running.seconds, running.tools)


def _configure(file: Path, environment: Mapping[str, str]) -> Act:
    began = time.perf_counter()
    installed = read_installation()
    role = load_role(ROLE, library(None), installed)
    made = generate(role, installed, Choices(), Places.here(), environment)
    replace_text(file, fresh(made.client, made.entries))
    seconds = time.perf_counter() - began
    told = (f"{file}: {', '.join(made.entries)}", "It holds ${DRONE_SERVER} and ${DRONE_TOKEN}, never their values.")
    return Act("The role becomes a configuration", f"drone-mcp-config --role {ROLE}", seconds, told)


async def _investigate(agent: Agent) -> AsyncIterator[Act]:
    listed, text, seconds = await agent.call("drone_list_builds", repo=REPO, status="failure", limit=3)
    if not listed["builds"]:
        raise StoryFailed("no red build was found")
    told = tuple(_build_line(build) for build in listed["builds"])
    asked = f'drone_list_builds(repo="{REPO}", status="failure")'
    yield Act("Which builds are red?", asked, seconds, told, len(text) // 4)

    number = listed["builds"][0]["number"]
    build, text, seconds = await agent.call("drone_get_build", repo=REPO, number=number)
    asked = f'drone_get_build(repo="{REPO}", number={number})'
    yield Act("How does it stand?", asked, seconds, (build["headline"],), len(text) // 4)

    _, text, seconds = await agent.call("drone_get_build_logs", repo=REPO, number=number)
    told = tuple(_numbered(text)[-TAIL_SHOWN:])
    asked = f'drone_get_build_logs(repo="{REPO}", number={number})'
    yield Act("What did the failed step print last?", asked, seconds, told, len(text) // 4)

    _, text, seconds = await agent.call(
        "drone_search_build_logs", repo=REPO, number=number, pattern=PATTERN, max_matches=1
    )
    told = tuple(_numbered(text))
    asked = f'drone_search_build_logs(repo="{REPO}", number={number}, pattern="{PATTERN}", max_matches=1)'
    yield Act("And the line that matters?", asked, seconds, told, len(text) // 4, _first_hit(told))


def _build_line(build: Mapping[str, Any]) -> str:
    return f"#{build['number']} {build['status']}: {build.get('title', '')}"


def _numbered(text: str) -> list[str]:
    """Return the lines of a log that an answer shows; each begins with its number."""
    return [line for line in text.splitlines() if NUMBERED.match(line)]


def _first_hit(lines: tuple[str, ...]) -> int:
    for line in lines:
        number, mark, _ = line.partition(">")
        if mark and number.strip().isdigit():
            return int(number)
    raise StoryFailed("the search found no line")
