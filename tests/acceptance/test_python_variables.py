"""Every program of the installation runs with its own packages, whatever Python's variables and the folder hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.client_pipes import HANDSHAKE, NOWHERE, failure_of, server_process
from support.installed import PACKAGES, SERVERS, environment_of

if TYPE_CHECKING:
    from pathlib import Path

OTHERS = ["drone_mcp_webhooks", "drone_mcp_simulator", "drone_mcp_config"]
BROKEN = ("pydantic", "mcp", "anyio", "httpx", "typing_extensions", "typer", "yaml")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there no process becomes another one")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Return a folder with other packages by the names of the libraries."""
    for name in BROKEN:
        (tmp_path / f"{name}.py").write_text('raise ImportError("another version")\n', encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("variable", ["PYTHONPATH", "PYTHONOPTIMIZE", "PYTHONWARNINGS"])
@pytest.mark.parametrize("name", SERVERS)
def test_a_server_lists_its_tools_and_answers_a_call(name: str, variable: str, elsewhere: Path) -> None:
    value = {"PYTHONPATH": str(elsewhere), "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error"}[variable]
    with server_process("-m", PACKAGES[name], **environment_of(name), **{variable: value}) as process:
        process.shake_hands()
        tools = process.ask(2, "tools/list")["tools"]
        assert all(tool["description"] for tool in tools)
        answer = process.ask(3, "tools/call", {"name": tools[0]["name"], "arguments": {"wrong": 1}})
    assert failure_of(answer)["code"] == "INVALID_INPUT"


def test_a_server_of_the_working_directory_is_left_out_too(elsewhere: Path) -> None:
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HANDSHAKE})
    call = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "no/such"})
    ended = subprocess.run(
        [sys.executable, "-m", "drone_mcp_builds"],
        input=f"{message}\n{call}\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=elsewhere,
        env={**os.environ, **NOWHERE, "PYTHONPATH": ""},
    )
    assert [json.loads(line)["id"] for line in ended.stdout.splitlines()] == [1, 2]


@pytest.mark.parametrize("variable", ["PYTHONPATH", "PYTHONOPTIMIZE"])
@pytest.mark.parametrize("package", OTHERS)
def test_another_program_starts(package: str, variable: str, elsewhere: Path) -> None:
    value = str(elsewhere) if variable == "PYTHONPATH" else "2"
    ended = subprocess.run(
        [sys.executable, "-P", "-m", package, "--help"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, variable: value},
    )
    assert ended.returncode == 0, ended.stderr
