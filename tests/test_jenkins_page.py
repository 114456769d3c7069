"""`docs/jenkins.md` is true: its commands run, and each tool works with the permissions of its row alone."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from drone_mcp_config.installation.reading import read_installation
from support.actions_desk import Person
from support.jenkins_calls import SCENARIO
from support.jenkins_desk import WRITER, desk
from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.checkout

PAGE = (Path(__file__).parent.parent / "docs" / "jenkins.md").read_text(encoding="utf-8")
MANIFEST = read_installation()["jenkins"]
MODULES = {
    "drone-mcp-config": "drone_mcp_config",
    "drone-mcp-jenkins": "jenkins_mcp",
    "drone-mcp-jenkins-simulator": "jenkins_mcp_simulator",
}
TOKEN = "a-token-of-the-tests"
CALLS: dict[str, dict[str, Any]] = {
    "jenkins_list_jobs": {},
    "jenkins_get_artifact": {"job": "app", "path": "b.bin"},
    "jenkins_search_build_log": {"job": "app", "pattern": "error"},
    "jenkins_get_queue": {},
    "jenkins_list_nodes": {},
    "jenkins_rebuild": {"job": "app", "build": 1},
    "jenkins_stop_build": {"job": "slow", "build": 1},
    "jenkins_cancel_queue_item": {"item": 1},
}
"""Arguments of a call of each tool; of those that are not named, the job alone."""


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of the rows of all tables in a text, without their heads."""
    for line in re.findall(r"(?m)^\|(.*)\|$", text):
        cells = [cell.strip() for cell in line.split("|")]
        if cells[0].startswith("`"):
            yield cells


def permissions() -> dict[str, frozenset[str]]:
    """Return each tool of the table with what its user needs in every case."""
    return {
        tool: frozenset(re.findall(r"\w+/\w+", cells[1].partition(";")[0]))
        for cells in rows(section("Permissions in Jenkins"))
        for tool in re.findall("`(.*?)`", cells[0])
    }


def run(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(command)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DRONE", "JENKINS"))}
    return subprocess.run(
        [*warm_python(), "-m", MODULES[program], *arguments],
        cwd=folder,
        env={**kept, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_every_tool_has_a_row_with_its_permissions() -> None:
    assert set(MANIFEST.tool_names) - permissions().keys() == set()


def test_every_variable_has_a_row() -> None:
    named = {name for cells in rows(PAGE) for cell in cells for name in re.findall(r"`(JENKINS_[A-Z_]+)`", cell)}
    read = {name for name in MANIFEST.environment if name.startswith("JENKINS")}
    assert (read - named, named - read - {"JENKINS_ERROR"}) == (set(), set())


@pytest.mark.parametrize("tool", MANIFEST.tool_names)
async def test_a_tool_needs_the_permissions_of_its_row_and_no_others(tool: str, tmp_path: Path) -> None:
    needed = permissions()[tool]
    with_all = await outcome(tool, needed, tmp_path)
    assert not with_all.is_error, with_all.content
    for permission in sorted(needed):
        without = await outcome(tool, needed - {permission}, tmp_path)
        hidden = tool == "jenkins_list_jobs" and permission == "Job/Read"
        assert without.structured_content["jobs"] == [] if hidden else without.is_error, permission


async def outcome(tool: str, granted: frozenset[str], folder: Path) -> Any:
    """Call a tool as users who have these permissions, and those that the other needs to read."""
    reads = {"Overall/Read", "Job/Read"}
    is_change = not next(one.read_only for one in MANIFEST.tools if one.name == tool)
    reader, writer = (reads if is_change else granted), granted
    users = {"dev": {"token": TOKEN, "may": sorted(reader)}, "ops": {**WRITER["ops"], "may": sorted(writer)}}
    jobs = {**SCENARIO["jobs"], "slow": {"next": {"seconds": 600}}}
    async with desk(folder, {"users": users, "jobs": jobs}, Person()) as opened:
        world = opened.jenkins.world
        world.trigger(opened.jenkins.job("queued"), [{"shortDescription": "Started"}], {}, 3600)
        world.trigger(opened.jenkins.job("slow"), [{"shortDescription": "Started"}], {}, 0)
        return await opened.client.call_tool(tool, CALLS.get(tool, {"job": "app"}))


def test_the_configuration_of_the_shipped_role_is_written(tmp_path: Path) -> None:
    (command,) = re.findall(r"`(drone-mcp-config --role jenkins-dev)`", PAGE)
    written = run(command, tmp_path)
    assert written.returncode == 0, written.stderr
    servers = json.loads((tmp_path / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]
    assert servers["jenkins"]["env"]["JENKINS_MCP_ACTIONS"] == "off"


def test_the_settings_of_the_page_are_read(tmp_path: Path) -> None:
    (line,) = re.findall(r"(?m)^ *export (.*)$", PAGE)
    token = tmp_path / "jenkins"
    token.write_text(TOKEN, encoding="utf-8")
    environment = dict(word.split("=", 1) for word in shlex.split(line.replace("/run/secrets/jenkins", str(token))))
    (command,) = re.findall(r"`(drone-mcp-jenkins --check-environment)`", PAGE)
    assert run(command, tmp_path, **environment).returncode == 0
    assert run(command, tmp_path, **environment | {"JENKINS_URL": "nowhere"}).returncode == 2


@pytest.mark.parametrize("index", range(2))
def test_the_configuration_files_of_the_page_are_read(index: int, tmp_path: Path) -> None:
    text = re.findall(r"(?s)```yaml\n(jenkins:.*?)```", PAGE)[index]
    for place in {*re.findall(r"/run/secrets/\w+", text), *re.findall(r"/etc/ssl/[\w.]+", text)}:
        file = tmp_path / Path(place).name
        file.write_text(AUTHORITY if file.suffix == ".pem" else TOKEN, encoding="utf-8")
        text = text.replace(place, str(file))
    config = tmp_path / "jenkins.yaml"
    config.write_text(text, encoding="utf-8")
    checked = run(f"drone-mcp-jenkins --config {shlex.quote(str(config))} --check-environment", tmp_path)
    assert checked.returncode == 0, checked.stderr
    entries = yaml.safe_load(text)["jenkins"]
    assert isinstance(entries, list) == (index == 1)


def test_the_simulated_jenkins_starts_as_the_page_says(tmp_path: Path) -> None:
    (command,) = re.findall(r"`(drone-mcp-jenkins-simulator serve)`", PAGE)
    assert run(f"{command} --help", tmp_path).returncode == 0
    assert "--scenario" in run(f"{command} --help", tmp_path, COLUMNS="200", NO_COLOR="1").stdout


AUTHORITY = (Path(__file__).parent / "fixtures" / "authority.pem").read_text(encoding="utf-8")
