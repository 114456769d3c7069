"""The environment of the guard is read strictly: any doubt stops the start."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ci_mcp_kit.guard.operation_risk import Risk
from ci_mcp_kit.guard.rate import Rate
from ci_mcp_kit.guard.settings import GuardSettings
from ci_mcp_kit.variables import SettingsError
from drone_mcp_build.guard.rules import BuildRules
from drone_mcp_build.guard.variables import VARIABLES, read_guard

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "55f24eb3d61ef6ac5e83d550178638dc"
ON = {"DRONE_MCP_ACTIONS": "on", "DRONE_MCP_ACTION_REPOS": "octo/*", "DRONE_WRITE_TOKEN": TOKEN}


def guarded(environment: dict[str, str]) -> GuardSettings:
    return GuardSettings.of(BuildRules, read_guard(environment), environment)


def test_without_a_word_everything_is_off() -> None:
    settings = guarded({})
    assert settings.rules == BuildRules(mode="off", repos=(), targets=())
    assert settings.rules.confirm is Risk.MEDIUM
    assert (settings.audit, settings.key) == ("stderr", None)


def test_everything_can_be_said() -> None:
    settings = guarded(
        {
            **ON,
            "DRONE_MCP_ACTION_OPERATIONS": "restart stop",
            "DRONE_MCP_ACTION_BRANCHES": "* !main",
            "DRONE_MCP_ACTION_TARGETS": "staging",
            "DRONE_MCP_ACTION_UNAPPROVED": "allow",
            "DRONE_MCP_ACTION_RATE": "3/m",
            "DRONE_MCP_ACTION_CONFIRM": "low",
            "DRONE_MCP_ACTION_KEY": "k" * 32,
            "DRONE_MCP_AUDIT_LOG": "/var/log/audit.jsonl",
        }
    )
    assert settings.rules == BuildRules(
        mode="on",
        operations=frozenset({"restart", "stop"}),
        repos=("octo/*",),
        branches=("*", "!main"),
        targets=("staging",),
        unapproved=True,
        confirm=Risk.LOW,
        rate=Rate(3, 60),
    )
    assert settings.secrets() == [TOKEN, "k" * 32]
    assert TOKEN not in repr(settings)
    assert "kkk" not in repr(settings)


@pytest.mark.parametrize("mode", ["off", "dry-run"])
def test_who_does_not_write_does_not_even_look_at_the_token(mode: str) -> None:
    settings = guarded({**ON, "DRONE_MCP_ACTIONS": mode, "DRONE_WRITE_TOKEN": "${UNSET}"})
    assert (settings.write_token, settings.secrets()) == (None, [])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DRONE_MCP_ACTIONS", "yes"),
        ("DRONE_MCP_ACTIONS", "${MODE}"),
        ("DRONE_WRITE_TOKEN", ""),
        ("DRONE_WRITE_TOKEN", "${DRONE_WRITE_TOKEN}"),
        ("DRONE_WRITE_TOKEN_FILE", "/there/is/none"),
        ("DRONE_MCP_ACTION_REPOS", ""),
        ("DRONE_MCP_ACTION_REPOS", "octo"),
        ("DRONE_MCP_ACTION_OPERATIONS", "purge"),
        ("DRONE_MCP_ACTION_WINDOWS", "Mon-Fri"),
        ("DRONE_MCP_ACTION_WINDOWS", "Mon-Fri/09:00-25:00/UTC"),
        ("DRONE_MCP_ACTION_WINDOWS", "Mon-Xyz/09:00-17:00/UTC"),
        ("DRONE_MCP_ACTION_WINDOWS", "Mon/09:00-17:00/Mars/Olympus"),
        ("DRONE_MCP_ACTION_WINDOWS", "Mon/09:00-17:00/../../etc/passwd"),
        ("DRONE_MCP_ACTION_RED", "yes"),
        ("DRONE_MCP_ACTION_UNAPPROVED", "yes"),
        ("DRONE_MCP_ACTION_CONFIRM", "none"),
        ("DRONE_MCP_ACTION_RATE", "0/h"),
        ("DRONE_MCP_ACTION_RATE", "ten"),
        ("DRONE_MCP_ACTION_KEY", "short"),
        ("DRONE_MCP_AUDIT_LOG", "audit.jsonl"),
        ("DRONE_MCP_AUDIT_LOG", "https://user:pass@audit.example.com"),
    ],
)
def test_a_wrong_value_stops_the_start_in_one_line(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        guarded({**ON, name: value})
    text = str(caught.value)
    assert name in text
    assert "\n" not in text
    assert "short" not in text
    assert "user:pass" not in text


def test_the_token_is_set_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    with pytest.raises(SettingsError, match="both set"):
        guarded({**ON, "DRONE_WRITE_TOKEN_FILE": str(file)})
    settings = guarded({**ON, "DRONE_WRITE_TOKEN": "", "DRONE_WRITE_TOKEN_FILE": str(file)})
    assert settings.secrets() == [TOKEN]


def test_the_agent_is_named_by_its_process() -> None:
    agent = guarded({"AGENT_ROLE": "ops", "SESSION_ID": "s", "POD_NAME": "p"}).agent
    assert {key: agent[key] for key in ("role", "session", "pod")} == {"role": "ops", "session": "s", "pod": "p"}
    other = guarded({"CLAUDE_CODE_SESSION_ID": "c", "HOSTNAME": "host"}).agent
    assert (other["session"], other["pod"], "role" in other) == ("c", "host", False)


def test_every_variable_says_what_it_takes() -> None:
    assert all(variable.takes and re.fullmatch(r"[A-Z_]+", variable.name) for variable in VARIABLES)
