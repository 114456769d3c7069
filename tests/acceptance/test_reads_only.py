"""With changes off, nothing but GET leaves any server: every tool of every installed one, seen from Drone's side."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client
from mcp.types import ElicitResult

from drone_mcp_config.installation.reading import read_installation
from support.arguments import argument, least_arguments
from support.installed import OVER_HTTP, environment_of, writing_environment_of
from support.patience import PATIENCE
from support.simulator import running_simulator
from support.warm import warm_python, warm_server

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS = read_installation()
# What a tool may be asked about: a failed build, one that runs, and one that waits for approval.
BUILDS = (("octo/hello", 4), ("octo/payments", 3), ("octo/payments", 2))


async def agreeing(context: Any, params: Any) -> ElicitResult:
    """A person who agrees to everything."""
    assert context
    assert params
    return ElicitResult(action="accept", content={})


def calls_of(tool: Any) -> Iterator[dict[str, Any]]:
    """For each build: what must be said, and everything that can be."""
    known = tool.input_schema["properties"]
    for repo, number in BUILDS:
        every = {name: argument(name, schema, repo, number) for name, schema in known.items()}
        least = least_arguments(tool, repo, number)
        yield least
        for name in known:
            yield least | {name: every[name]}
        yield every


@pytest.mark.parametrize("mode", [None, "off", "dry-run"])
@pytest.mark.parametrize("name", OVER_HTTP)
async def test_no_tool_of_any_server_sends_anything_but_get(name: str, mode: str | None) -> None:
    manifest = SERVERS[name]
    if mode and not manifest.guard:
        pytest.skip("it has no modes")
    with anyio.fail_after(PATIENCE):
        async with running_simulator("demo", socket=True) as drone:
            env = {
                **environment_of(name, drone.url, drone.admin_token),
                **writing_environment_of(name, mode, drone.admin_token),
                "DRONE_MCP_LOG_LEVEL": "error",
            }
            process = warm_server(manifest.module, env)
            async with Client(process, elicitation_callback=agreeing) as client:
                tools = (await client.list_tools()).tools
                for tool in tools:
                    for arguments in calls_of(tool):
                        await client.call_tool(tool.name, arguments)
            methods = {asked.method for asked in drone.asked}
    assert {tool.name for tool in tools} == set(manifest.tool_names)
    assert methods <= {"GET"}
    assert methods or (manifest.guard and mode != "dry-run")


@pytest.mark.parametrize("name", SERVERS)
def test_no_server_keeps_what_is_for_writing_in_its_environment(name: str) -> None:
    manifest = SERVERS[name]
    code = (
        "import os\n"
        "from ci_mcp_kit import stdio_serving\n"
        "def say(*_): print(*os.environ)\n"
        "stdio_serving.serve = say\n"
        f"from {manifest.module}.server import main\n"
        "main()\n"
    )
    kept = {"PATH": os.environ["PATH"], **environment_of(name)}
    # Off, so that no value is read; a process that only reads drops what is for writing to the same service.
    secrets = [secret for one in SERVERS.values() if one.services == manifest.services for secret in one.guard_secrets]
    env = {**dict.fromkeys(secrets, "s" * 32), **kept}
    done = subprocess.run([*warm_python(), "-c", code], capture_output=True, text=True, check=True, env=env)
    left = set(done.stdout.split())
    assert left >= kept.keys()
    assert left & set(secrets) == set()
