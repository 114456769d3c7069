"""The variables of a server that asks a forge and Drone, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ci_mcp_kit.variables import SettingsError
from forge_access.settings import ForgeSettings

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "f0r9e-t0ken-that-nobody-may-see"
DRONE = {"DRONE_SERVER": "https://drone.example.com", "DRONE_TOKEN": "dr0ne-t0ken"}
FORGE = {"FORGE_SERVER": "https://forge.example.com/git/", "FORGE_TOKEN": SECRET}


def test_the_forge_may_be_served_below_a_path_and_has_a_token_of_its_own() -> None:
    options = ForgeSettings.from_environment(DRONE | FORGE).forge_options()
    assert options.server == "https://forge.example.com/git"
    assert options.token == SECRET


def test_the_token_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o600)
    given = DRONE | {"FORGE_SERVER": FORGE["FORGE_SERVER"], "FORGE_TOKEN_FILE": str(file)}
    settings = ForgeSettings.from_environment(given)
    assert settings.forge_tokens() == [SECRET]
    assert SECRET in settings.secrets()


@pytest.mark.parametrize(
    ("environment", "variable"),
    [
        (DRONE, "FORGE_SERVER"),
        (FORGE, "DRONE_SERVER"),
        (DRONE | FORGE | {"FORGE_TOKEN_FILE": "/etc/hostname"}, "FORGE_TOKEN"),
        (DRONE | FORGE | {"FORGE_SERVER": "forge.example.com"}, "FORGE_SERVER"),
    ],
)
def test_a_mistake_names_its_variable_and_no_secret(environment: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingsError) as raised:
        ForgeSettings.from_environment(environment)
    assert raised.value.variable == variable
    assert SECRET not in str(raised.value)


def test_a_process_without_a_token_or_with_one_in_clear_is_warned_of() -> None:
    without = ForgeSettings.from_environment(DRONE | {"FORGE_SERVER": FORGE["FORGE_SERVER"]})
    assert any("FORGE_TOKEN" in warning for warning in without.warnings())
    in_clear = ForgeSettings.from_environment(DRONE | FORGE | {"FORGE_SERVER": "http://forge.example.com"})
    assert any("FORGE_SERVER" in warning for warning in in_clear.warnings())
