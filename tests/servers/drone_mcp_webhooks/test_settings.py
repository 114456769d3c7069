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
