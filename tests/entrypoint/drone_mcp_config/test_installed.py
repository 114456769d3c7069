"""With the servers that are really installed, as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role
from support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path


def config(folder: Path, *arguments: str, python: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *python, "-m", "drone_mcp_config", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("name", role_library(None).names())
def test_every_shipped_role_says_what_it_is_for_and_can_be_shown(name: str, tmp_path: Path) -> None:
    role = load_role(name, role_library(None), read_installation())
    assert role.description
    shown = yaml.safe_load(config(tmp_path, "show", name).stdout)
    assert (shown["role"], list(shown["servers"])) == (name, list(role.servers))


def test_every_server_reads_the_variables_that_a_role_can_set() -> None:
    for manifest in read_installation().values():
        files = {f"{variable}_FILE" for variable in manifest.token_variables}
        assert {"DRONE_MCP_TOOLS", *files} <= set(manifest.environment)


def test_a_role_is_written_without_importing_any_server_or_the_sdk(tmp_path: Path) -> None:
    done = config(tmp_path, "--role", "dev", python=("-X", "importtime"))
    assert done.returncode == 0, done.stderr
    assert list(json.loads((tmp_path / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"])
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "drone_mcp_config" in imported
    assert not imported & {"mcp", "httpx", *(manifest.module for manifest in read_installation().values())}


def test_no_file_of_the_work_tree_runs_in_a_server(tmp_path: Path) -> None:
    """Clients start servers where the agent works, and what is checked out there may be called like a module."""
    for name in ("pydantic", "mcp", "ci_mcp_kit"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the work tree has the token')\n", encoding="utf-8")
    assert config(tmp_path, "--role", "ui", python=("-P",)).returncode == 0
    entry = json.loads((tmp_path / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]["drone-builds"]
    environment = {**os.environ, "DRONE_SERVER": "https://drone.test", "DRONE_TOKEN": "x" * 32}
    command = [entry["command"], *entry["args"]]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, input="", capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unwritten_file_is_stale_for_check(tmp_path: Path) -> None:
    done = config(tmp_path, "--role", "ui", "--check")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_wrong_option_is_wrong_usage_without_a_traceback(tmp_path: Path) -> None:
    done = config(tmp_path, "--rolle", "dev")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
