"""The environment is read, and a wrong one is reported in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_mcp_kit.variables import SettingsError
from drone_mcp_policy.server import create
from drone_mcp_policy.settings import PolicySettings

if TYPE_CHECKING:
    from pathlib import Path


DRONE = {"DRONE_SERVER": "https://drone.example.com"}


def test_no_rule_file_is_needed() -> None:
    settings = PolicySettings.from_environment({**DRONE, "DRONE_MCP_POLICY_RULES": " "})
    assert (settings.rules_file, settings.role_tools) == (None, None)
    assert settings.rules().source == "default.yaml"


def test_the_tools_of_the_role_are_read() -> None:
    settings = PolicySettings.from_environment({**DRONE, "DRONE_MCP_ROLE_TOOLS": "drone_get_build, jira_create"})
    assert settings.role_tools == frozenset({"drone_get_build", "jira_create"})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("DRONE_MCP_POLICY_RULES", "/nowhere/a.yaml", "is '/nowhere/a.yaml': it takes the path of a rule file (there"),
        ("DRONE_MCP_POLICY_RULES", "${RULES}", "holds a reference that was not filled in"),
        ("DRONE_MCP_ROLE_TOOLS", "Drone-Get", "is 'Drone-Get': it takes names of all tools that the agent has"),
        ("DRONE_MCP_ROLE_TOOLS", ",", "is ',': it takes names"),
    ],
)
def test_a_wrong_value_is_reported_in_one_line(name: str, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        PolicySettings.from_environment({**DRONE, name: text})
    assert str(caught.value).startswith(f"{name} {message}")


def test_mistakes_of_the_rule_file_stop_the_start_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("rules:\n" + "".join(f"  - {{rule: r{n}, then: go}}\n" for n in range(5)), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        PolicySettings.from_environment({**DRONE, "DRONE_MCP_POLICY_RULES": str(file)})
    assert "\n" not in str(caught.value)
    assert f"({file}:2: then: found 'go'. " in str(caught.value)
    assert str(caught.value).endswith("; 2 more)")


def test_a_server_is_made_from_an_environment_alone() -> None:
    server = create(PolicySettings.from_environment(DRONE))
    assert server.name == "drone-policy"
    with pytest.raises(SettingsError, match="DRONE_MCP_ROLE_TOOLS"):
        PolicySettings.from_environment({**DRONE, "DRONE_MCP_ROLE_TOOLS": "-"})
