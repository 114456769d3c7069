"""The process of a server loads only the listed modules until it has answered its first request."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from support.arguments import least_arguments
from support.installed import PACKAGES, SERVERS, environment_of, writing_environment_of
from support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = "http://127.0.0.1:9"
FOR_PEOPLE = {"pygments", "rich", "typer"}
FOR_NODES = {"grpc", "google.protobuf"}


@pytest.mark.parametrize("name", SERVERS)
async def test_a_request_loads_nothing_that_formats_text_for_a_terminal(name: str, tmp_path: Path) -> None:
    times = {"PYTHONPROFILEIMPORTTIME": "1"}  # Python lists each imported module on standard error
    process = StdioServerParameters(
        command=sys.executable,
        args=["-P", "-m", PACKAGES[name]],
        env={**os.environ, **environment_of(name, NOWHERE), **writing_environment_of(name), **times},
    )
    log = tmp_path / "log.txt"
    with anyio.fail_after(PATIENCE), log.open("w", encoding="utf-8") as errors:
        async with Client(stdio_client(process, errors)) as client:
            tool = (await client.list_tools()).tools[0]
            answer = await client.call_tool(tool.name, least_arguments(tool, "octo/hello", 4))
    assert "NETWORK_ERROR" in answer.model_dump_json()
    loaded = set(re.findall(r"^import time:.*\| +(\S+)$", log.read_text(encoding="utf-8"), re.MULTILINE))
    assert ("grpc" if name == "nodes" else "httpx") in loaded
    assert loaded & FOR_PEOPLE == set()
    assert loaded & FOR_NODES == set() or name == "nodes"
