"""The Claude Code plugin has the servers of the role dev, and a skill that names only their tools."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.plan.making import offered_tools
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role
from pages.plugin import ROLE, plugin_files
from support.snapshots import hold

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
SKILLS = sorted((ROOT / "plugin" / "skills").glob("*/SKILL.md"))
LONGEST_DESCRIPTION = 1024  # characters that Claude Code shows its model of a skill


def test_its_generated_files_are_those_of_the_product() -> None:
    for path, text in plugin_files().items():
        hold(ROOT / path, text)


def test_its_servers_are_commands_without_paths_and_hold_no_secret() -> None:
    servers = json.loads((ROOT / "plugin" / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]
    assert {"drone-builds", "drone-logs"} <= servers.keys()
    for server in servers.values():
        assert re.fullmatch(r"drone-mcp-\w+", server["command"])
        tokens = {name: value for name, value in server["env"].items() if "TOKEN" in name}
        assert tokens == {"DRONE_TOKEN": "${DRONE_TOKEN}"}


@pytest.mark.parametrize("file", SKILLS, ids=lambda file: file.parent.name)
def test_a_skill_has_a_name_a_description_and_tools_that_the_role_has(file: Path) -> None:
    _, head, body = file.read_text(encoding="utf-8").split("---\n", 2)
    facts = yaml.safe_load(head)
    assert facts["name"] == file.parent.name
    assert 0 < len(facts["description"]) <= LONGEST_DESCRIPTION
    installed = read_installation()
    role = load_role(ROLE, role_library(None), installed)
    offered = {tool for name, entry in role.servers.items() for tool in offered_tools(entry, installed[name])}
    named = set(re.findall(r"`(drone_\w+)`", body))
    assert named
    assert named <= offered
