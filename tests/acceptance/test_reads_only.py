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
from support.simulator import running_simulator
from support.warm import warm_python, warm_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drone_mcp_config.installation.manifest import Manifest

DEADLINE = 120.0
SERVERS = list(read_installation().values())
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
@pytest.mark.parametrize("manifest", SERVERS, ids=lambda manifest: manifest.server)
async def test_no_tool_of_any_server_sends_anything_but_get(manifest: Manifest, mode: str | None) -> None:
    if mode and not manifest.guard:
        pytest.skip("it has no modes")
    with anyio.fail_after(DEADLINE):
        async with running_simulator("demo", socket=True) as drone:
            env = {
                "DRONE_SERVER": drone.url,
                "DRONE_TOKEN": drone.admin_token,
                "DRONE_WRITE_TOKEN": drone.admin_token,
                "DRONE_MCP_ACTION_REPOS": "*/*",
                "DRONE_MCP_ACTION_TARGETS": "*",
                "DRONE_MCP_ACTION_UNAPPROVED": "allow",
                "DRONE_MCP_ACTION_CONFIRM": "high",
                "DRONE_MCP_LOG_LEVEL": "error",
                **({"DRONE_MCP_ACTIONS": mode} if mode else {}),
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


@pytest.mark.parametrize("manifest", SERVERS, ids=lambda manifest: manifest.server)
def test_no_server_keeps_what_is_for_writing_in_its_environment(manifest: Manifest) -> None:
    code = (
        "import os\n"
        "from ci_mcp_kit import serving\n"
        "def say(*_): print(sorted(name for name in os.environ if name.startswith('DRONE')))\n"
        "serving.serve = say\n"
        f"from {manifest.module}.server import main\n"
        "main()\n"
    )
    env = {"PATH": os.environ["PATH"], "DRONE_SERVER": "http://drone.test", "DRONE_WRITE_TOKEN": "writes"}
    env |= {"DRONE_MCP_ACTION_KEY": "k" * 32, "DRONE_WRITE_TOKEN_FILE": "/dev/null"}
    done = subprocess.run([*warm_python(), "-c", code], capture_output=True, text=True, check=True, env=env)
    assert done.stdout == "['DRONE_SERVER']\n"
