"""The settings of the fleet server: names that contradict each other are refused, and nothing secret is shown."""

from __future__ import annotations

from typing import Any

import pytest

from ci_mcp_kit.variables import SettingsError
from fleet_mcp.settings import FleetSettings

URL = {"CODER_URL": "https://coder.example.com"}


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        ({}, "CODER_URL"),
        ({**URL, "FLEET_OWNERS": "me, lisa"}, "FLEET_OWNERS"),
        ({**URL, "FLEET_OWNERS": "a/b"}, "FLEET_OWNERS"),
        ({**URL, "FLEET_ROLE_SOURCE": "both"}, "FLEET_ROLE_SOURCE"),
        ({**URL, "FLEET_TASK_PARAMETER": "two words"}, "FLEET_TASK_PARAMETER"),
        ({**URL, "FLEET_QUIET_MINUTES": "0"}, "FLEET_QUIET_MINUTES"),
        ({**URL, "DRONE_SERVER": "https://d.example.com/x"}, "DRONE_SERVER"),
        ({**URL, "DRONE_TOKEN": "one", "DRONE_TOKEN_FILE": "/dev/null"}, "DRONE_TOKEN"),
        ({**URL, "FLEET_ACTIONS": "on", "FLEET_ACTION_PROJECTS": "octo/*"}, "CODER_WRITE_TOKEN"),
    ],
)
def test_a_wrong_variable_is_named(environment: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingsError) as caught:
        FleetSettings.from_environment(environment)
    assert variable in str(caught.value)


def test_the_names_of_the_contract_are_read() -> None:
    environment = {**URL, "FLEET_TASK_PARAMETER": "prompt", "FLEET_ROLE_SOURCE": "template", "FLEET_QUIET_MINUTES": "5"}
    settings = FleetSettings.from_environment(environment)
    assert (settings.contract.task, settings.contract.role_is_template, settings.quiet_after) == ("prompt", True, 300)


def test_no_token_is_in_the_representation_and_each_is_redacted() -> None:
    tokens: dict[str, Any] = {
        "CODER_SESSION_TOKEN": "the-one-that-reads",
        "DRONE_TOKEN": "the-one-of-drone",
        "CODER_WRITE_TOKEN": "the-one-that-writes",
    }
    on = {"FLEET_ACTIONS": "on", "FLEET_ACTION_PROJECTS": "octo/*", "DRONE_MCP_AUDIT_LOG": "stderr"}
    settings = FleetSettings.from_environment({**URL, **tokens, **on})
    assert set(tokens.values()) <= set(settings.secrets())
    assert not any(token in repr(settings) for token in tokens.values())


def test_plain_http_to_another_machine_is_warned_of() -> None:
    settings = FleetSettings.from_environment({"CODER_URL": "http://coder.example.com", "CODER_SESSION_TOKEN": "t"})
    assert [warning.split()[0] for warning in settings.warnings()] == ["CODER_URL"]
