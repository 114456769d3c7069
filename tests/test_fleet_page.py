"""What `docs/fleet.md` says is so: its variables are read, and each tool works with the scopes of its row alone."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_config.installation.reading import read_installation
from fleet_mcp.rules.contract import KEYS, Contract
from fleet_mcp.rules.state import KINDS
from support.actions_desk import Person
from support.coder import ON, READS, SCENARIO, WRITES, fleet
from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.checkout

PAGE = (Path(__file__).parent.parent / "docs" / "fleet.md").read_text(encoding="utf-8")
MANIFEST = read_installation()["fleet"]
MODULES = {
    "drone-mcp-config": "drone_mcp_config",
    "drone-mcp-fleet": "fleet_mcp",
    "drone-mcp-coder-simulator": "coder_simulator",
}
CALLS: dict[str, dict[str, Any]] = {
    "fleet_list_agents": {},
    "fleet_list_roles": {},
    "fleet_list_projects": {},
    "fleet_create_agent": {"name": "new", "role": "dev", "project": "acme/shop", "task": "Do it"},
    "fleet_start_task": {"agent": "cart", "task": "Do it"},
    "fleet_send_message": {"agent": "cart", "message": "Hello"},
    "fleet_set_pull_request": {"agent": "cart", "address": "https://git.example.com/acme/shop/pull/1"},
}
"""Arguments of a call of each tool; of those that are not named, the agent alone."""


def rows(title: str) -> Iterator[list[str]]:
    """Yield the cells of the rows of the tables in a section, without their heads."""
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    for line in re.findall(r"(?m)^\|(.*)\|$", section):
        cells = [cell.strip() for cell in line.split("|")]
        if cells[0].startswith("`"):
            yield cells


def scopes() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Return each tool of the table with the scopes of its two tokens; the first row of a tool counts."""
    found: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
    for cells in rows("Scopes"):
        reading, changing = (frozenset(re.findall("`(.*?)`", cell)) for cell in cells[1:3])
        for tool in re.findall("`(.*?)`", cells[0]):
            found.setdefault(tool, (reading, changing))
    return found


def run(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(command)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DRONE", "CODER", "FLEET"))}
    return subprocess.run(
        [*warm_python(), "-m", MODULES[program], *arguments],
        cwd=folder,
        env={**kept, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_every_tool_has_a_row_with_its_scopes() -> None:
    assert set(MANIFEST.tool_names) == scopes().keys()


def test_every_variable_has_a_row() -> None:
    named = {name for cells in rows("Set-up") for name in re.findall(r"`((?:CODER|FLEET)_[A-Z_]+)`", cells[0])}
    assert named == {name for name in MANIFEST.environment if name.startswith(("CODER", "FLEET"))}


def test_every_state_and_every_part_of_the_contract_has_a_row() -> None:
    states = {name for cells in rows("States") for cell in cells[:2] for name in re.findall("`(.*?)`", cell)}
    assert set(KINDS) <= states
    contract = {re.findall("`(.*?)`", cells[0])[0]: cells[2].strip("`") for cells in rows("The template")}
    assert contract == {getattr(Contract(), key): key for key in KEYS}


@pytest.mark.parametrize("tool", MANIFEST.tool_names)
async def test_a_tool_needs_the_scopes_of_its_row_and_no_others(tool: str, tmp_path: Path) -> None:
    reading, changing = scopes()[tool]
    for environment in ({}, {"FLEET_ACTION_CONFIRM": "low"}):
        done = await outcome(tool, reading, changing, tmp_path, **environment)
        assert not done.failed, done.text
    for scope in changing:
        assert (await outcome(tool, reading, changing - {scope}, tmp_path)).failed, scope
    for scope in reading:
        without = await outcome(tool, reading - {scope}, changing, tmp_path, FLEET_ACTION_CONFIRM="low")
        assert without.failed or (tool == "fleet_list_agents" and "agents" not in without.data), scope


@pytest.mark.parametrize(("scopes_left", "fails"), [({"user:read"}, False), (set(), True)])
async def test_a_rehearsed_creation_needs_the_scope_that_the_page_names(
    scopes_left: set[str], *, fails: bool, tmp_path: Path
) -> None:
    assert "Creating needs `user:read`" in PAGE
    reading, changing = scopes()["fleet_create_agent"]
    left = reading - {"user:read"} | scopes_left
    done = await outcome("fleet_create_agent", left, changing, tmp_path, FLEET_ACTIONS="dry-run")
    assert done.failed == fails


async def outcome(tool: str, reading: frozenset[str], changing: frozenset[str], folder: Path, **env: str) -> Any:
    """Call a tool with tokens that have these scopes."""
    scenario = deepcopy(SCENARIO)
    scenario["users"]["mona"]["tokens"] = {READS: sorted(reading), WRITES: sorted(changing)}
    async with fleet(folder, scenario, Person(), **{**ON, **env}) as desk:
        return await desk.call(tool, **CALLS.get(tool, {"agent": "cart"}))


def test_the_configuration_of_the_shipped_role_is_written(tmp_path: Path) -> None:
    (command,) = re.findall(r"`(drone-mcp-config --role fleet)`", PAGE)
    written = run(command, tmp_path)
    assert written.returncode == 0, written.stderr
    servers = json.loads((tmp_path / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]
    assert servers["drone-fleet"]["env"]["FLEET_ACTIONS"] == "dry-run"


def test_the_settings_of_the_page_are_read(tmp_path: Path) -> None:
    (line,) = re.findall(r"(?m)^ *export (.*)$", PAGE)
    token = tmp_path / "coder"
    token.write_text("a-token-of-the-tests", encoding="utf-8")
    environment = dict(word.split("=", 1) for word in shlex.split(line.replace("/run/secrets/coder", str(token))))
    (command,) = re.findall(r"`(drone-mcp-fleet --check-environment)`", PAGE)
    assert run(command, tmp_path, **environment).returncode == 0
    assert run(command, tmp_path, **environment | {"CODER_URL": "nowhere"}).returncode == 2


def test_the_simulated_coder_starts_as_the_page_says(tmp_path: Path) -> None:
    (command,) = re.findall(r"`(drone-mcp-coder-simulator serve)`", PAGE)
    assert "--scenario" in run(f"{command} --help", tmp_path, COLUMNS="200", NO_COLOR="1").stdout
