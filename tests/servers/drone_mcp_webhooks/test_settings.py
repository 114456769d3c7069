from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drone_mcp_webhooks.settings import SettingsError, read_settings

if TYPE_CHECKING:
    from pathlib import Path

SECRET = {"DRONE_MCP_WEBHOOK_SECRET": "hunter2"}


def test_a_secret_is_all_that_is_needed() -> None:
    settings = read_settings(SECRET)
    assert settings.keys.current() == (b"hunter2",)
    assert (settings.max_age, settings.state, settings.drone) == (300.0, "memory:", None)


def test_every_setting_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("one, two\n")
    settings = read_settings({
        "DRONE_MCP_WEBHOOK_SECRET_FILE": str(tmp_path / "secret"),
        "DRONE_MCP_WEBHOOK_MAX_AGE": "0",
        "DRONE_MCP_STATE": "sqlite:///var/state.db",
        "DRONE_SERVER": "https://drone.example.com/",
        "DRONE_TOKEN": "t0ken",
        "DRONE_MCP_LOG_LEVEL": "error",
    })  # fmt: skip
    assert settings.keys.current() == (b"one", b"two")
    assert (settings.max_age, settings.state) == (0.0, "sqlite:///var/state.db")
    assert settings.drone is not None
    assert (settings.drone.server, settings.drone.token) == ("https://drone.example.com", "t0ken")
    assert settings.shared.log_level == "error"


@pytest.mark.parametrize(
    ("environment", "reported"),
    [
        ({}, "DRONE_MCP_WEBHOOK_SECRET is not set"),
        ({"DRONE_MCP_WEBHOOK_SECRET": " , "}, "DRONE_MCP_WEBHOOK_SECRET is not set|cannot be right"),
        ({"DRONE_MCP_WEBHOOK_SECRET_FILE": "/nowhere"}, "DRONE_MCP_WEBHOOK_SECRET_FILE is '/nowhere'"),
        (SECRET | {"DRONE_MCP_WEBHOOK_SECRET_FILE": __file__}, "both set"),
        (SECRET | {"DRONE_MCP_WEBHOOK_MAX_AGE": "5m"}, "DRONE_MCP_WEBHOOK_MAX_AGE is '5m': it takes whole seconds"),
        (SECRET | {"DRONE_SERVER": "https://drone.example.com"}, "DRONE_SERVER is set but not DRONE_TOKEN"),
        (SECRET | {"DRONE_TOKEN": "x"}, "DRONE_TOKEN is set but not DRONE_SERVER"),
    ],
)
def test_a_wrong_setting_is_reported_in_one_line_without_the_secret(environment: dict[str, str], reported: str) -> None:
    with pytest.raises(SettingsError, match=reported) as error:
        read_settings(environment)
    assert "hunter2" not in str(error.value)
    assert "\n" not in str(error.value)


def test_neither_the_secret_nor_the_token_shows() -> None:
    environment = SECRET | {"DRONE_SERVER": "https://drone.example.com", "DRONE_TOKEN": "t0ken"}
    assert not {"hunter2", "t0ken"} & set(repr(read_settings(environment)).replace("'", " ").split())


PREVIEWS = SECRET | {
    "DRONE_SERVER": "https://drone.example.com",
    "DRONE_TOKEN": "t0ken",
    "DRONE_MCP_ACTIONS": "on",
    "DRONE_MCP_ACTION_REPOS": "octo/*",
    "DRONE_WRITE_TOKEN": "wr1te",
}


def test_without_a_mode_a_receiver_leaves_previews_alone() -> None:
    assert read_settings({**PREVIEWS, "DRONE_MCP_ACTIONS": ""}).previews is None


def test_a_receiver_that_looks_after_previews_has_a_guard_and_a_name() -> None:
    settings = read_settings({**PREVIEWS, "DRONE_MCP_ACTION_PREVIEWS": "3/2d", "DRONE_MCP_PREVIEW_BRANCHES": "* !wip"})
    assert settings.previews is not None
    rules = settings.previews.rules
    assert (rules.mode, rules.repos, rules.previews) == ("on", ("octo/*",), (3, 172_800))
    assert settings.preview_branches == ("*", "!wip")
    assert settings.previews.guard.agent["role"] == "receiver"
    assert "wr1te" in settings.secrets()


@pytest.mark.parametrize(
    ("changed", "reported"),
    [
        ({"DRONE_SERVER": "", "DRONE_TOKEN": ""}, "DRONE_SERVER is not set: previews are made in Drone"),
        ({"DRONE_WRITE_TOKEN": ""}, "DRONE_WRITE_TOKEN is not set"),
        ({"DRONE_MCP_ACTION_REPOS": ""}, "DRONE_MCP_ACTION_REPOS is not set"),
        ({"DRONE_MCP_ACTION_PREVIEWS": "24h"}, "DRONE_MCP_ACTION_PREVIEWS is '24h'"),
        ({"DRONE_MCP_ACTION_PREVIEWS": "0/24h"}, "DRONE_MCP_ACTION_PREVIEWS is '0/24h'"),
        ({"DRONE_MCP_ACTION_PREVIEW_STOP": "target=stop"}, "DRONE_MCP_ACTION_PREVIEW_STOP is 'target=stop'"),
        ({"DRONE_MCP_ACTIONS": "", "DRONE_MCP_PREVIEW_BRANCHES": "*"}, "no preview would be opened"),
    ],
)
def test_a_receiver_that_could_not_look_after_previews_does_not_start(changed: dict[str, str], reported: str) -> None:
    with pytest.raises(SettingsError, match=reported):
        read_settings({**PREVIEWS, **changed})
