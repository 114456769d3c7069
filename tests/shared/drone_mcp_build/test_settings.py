from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest

from ci_mcp_kit.variables import SettingsError
from drone_mcp_build.settings import Settings
from drone_mcp_build.variables import VARIABLES

if TYPE_CHECKING:
    from pathlib import Path

SERVER = {"DRONE_SERVER": "https://drone.example.com"}


def refused(**environment: str) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**SERVER, **environment})
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_the_server_alone_is_enough_and_the_rest_has_defaults() -> None:
    settings = Settings.from_environment({**SERVER, "DRONE_TOKEN": "", "DRONE_MCP_TIMEOUT": "  "})
    assert settings.server == "https://drone.example.com"
    assert (settings.token, settings.tools, settings.repos) == (None, None, ())
    assert settings.secrets() == []


def test_every_variable_fills_its_field(tmp_path: Path) -> None:
    token, authorities = tmp_path / "token", tmp_path / "ca.pem"
    token.write_text("filetoken1234567\n")
    authorities.write_text("")
    settings = Settings.from_environment(
        {
            "DRONE_SERVER": "http://localhost:8080/",
            "DRONE_TOKEN_FILE": str(token),
            "DRONE_REPO": "octo/hello",
            "DRONE_MCP_REPOS": "octo/*, acme/web octo/*",
            "DRONE_MCP_TOOLS": "drone_get_build,drone_list_builds",
            "DRONE_MCP_STATE": "sqlite:///tmp/state.db",
            "DRONE_MCP_TIMEOUT": "2.5",
            "DRONE_MCP_RETRIES": "0",
            "DRONE_MCP_MAX_BODY": "8MiB",
            "DRONE_MCP_CA_FILE": str(authorities),
            "DRONE_MCP_LOG_LEVEL": "DEBUG",
            "DRONE_MCP_LOG_FORMAT": "human",
            "DRONE_MCP_EAGER": "1",
        }
    )
    assert settings == Settings(
        server="http://localhost:8080",
        token_file=token,
        repo="octo/hello",
        repos=("octo/*", "acme/web"),
        tools=("drone_get_build", "drone_list_builds"),
        state="sqlite:///tmp/state.db",
        timeout=2.5,
        retries=0,
        max_body=8 * 2**20,
        ca_file=authorities,
        log_level="debug",
        log_format="human",
        eager=True,
    )
    assert settings.secrets() == ["filetoken1234567"]
    token.unlink()
    assert settings.secrets() == []


def test_a_missing_server_is_reported_with_an_example() -> None:
    with pytest.raises(SettingsError, match=r"DRONE_SERVER is not set.*https://drone\.example\.com"):
        Settings.from_environment({})


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("drone.example.com", "did you mean https://drone.example.com"),
        ("drone.example.com/", "did you mean https://drone.example.com"),
        ("localhost:8080", "did you mean http://localhost:8080"),
        ("127.0.0.1:80", "did you mean http://127.0.0.1:80"),
        ("https://drone.example.com/api", "without a path; did you mean https://drone.example.com"),
        ("https://drone.example.com:70000", "its host or port cannot be right"),
        ("ftp://drone.example.com", "it takes the address of Drone"),
        ("https://", "it takes the address of Drone"),
    ],
)
def test_a_wrong_address_is_shown_with_what_was_probably_meant(address: str, hint: str) -> None:
    text = refused(DRONE_SERVER=address)
    assert text.startswith(f"DRONE_SERVER is {address!r}: ")
    assert hint in text


@pytest.mark.parametrize("address", ["https://ada:hunter2@drone.example.com", "ada:hunter2@drone.example.com"])
def test_a_password_in_the_address_is_refused_and_not_shown(address: str) -> None:
    assert "hunter2" not in refused(DRONE_SERVER=address)


@pytest.mark.parametrize("literal", ["${DRONE_TOKEN}", "${env:DRONE_TOKEN}", "{env:DRONE_TOKEN}", "$DRONE_TOKEN"])
def test_a_reference_that_the_client_left_as_it_is_gets_its_own_words(literal: str) -> None:
    text = refused(DRONE_TOKEN=literal)
    assert literal in text
    assert "was not filled in" in text


def test_what_stands_next_to_a_reference_is_not_shown() -> None:
    assert "hunter2" not in refused(DRONE_TOKEN="hunter2${TOKEN}")


@pytest.mark.parametrize("token", ["two words", "caf\u00e9caf\u00e9", "line\nbreak"])
def test_a_token_that_cannot_be_one_is_refused_and_not_shown(token: str) -> None:
    text = refused(DRONE_TOKEN=token)
    assert text.startswith("DRONE_TOKEN has a value that cannot be right: it takes a token")
    assert token not in text


def test_a_token_and_a_token_file_exclude_each_other(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("x")
    assert "keep one" in refused(DRONE_TOKEN="abc", DRONE_TOKEN_FILE=str(file))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DRONE_TOKEN_FILE", "/no/such/file"),
        ("DRONE_REPO", "hello"),
        ("DRONE_MCP_REPOS", "octo"),
        ("DRONE_MCP_REPOS", "octo/hello/more"),
        ("DRONE_MCP_REPOS", ","),
        ("DRONE_MCP_TOOLS", "Get Build!"),
        ("DRONE_MCP_TOOLS", ","),
        ("DRONE_MCP_TIMEOUT", "soon"),
        ("DRONE_MCP_TIMEOUT", "0"),
        ("DRONE_MCP_TIMEOUT", "nan"),
        ("DRONE_MCP_TIMEOUT", "1e9"),
        ("DRONE_MCP_RETRIES", "-1"),
        ("DRONE_MCP_RETRIES", "11"),
        ("DRONE_MCP_RETRIES", "\u0663"),
        ("DRONE_MCP_MAX_BODY", "12"),
        ("DRONE_MCP_MAX_BODY", "a lot"),
        ("DRONE_MCP_CA_FILE", "/no/such/file"),
        ("DRONE_MCP_LOG_LEVEL", "loud"),
        ("DRONE_MCP_LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_is_reported_with_its_name_what_it_holds_and_what_it_takes(name: str, text: str) -> None:
    takes = next(variable.takes for variable in VARIABLES if variable.name == name)
    reported = refused(**{name: text})
    assert reported.startswith(f"{name} is {text!r}: it takes {takes}")


def test_the_query_of_a_wrong_address_is_not_shown_since_it_may_hold_a_token() -> None:
    text = refused(DRONE_SERVER="https://drone.example.com?token=hunter2")
    assert "'https://drone.example.com?…'" in text
    assert "without a path; did you mean https://drone.example.com" in text
    assert "hunter2" not in text


def test_a_glob_without_a_slash_is_told_what_was_probably_meant() -> None:
    assert "did you mean octo/*" in refused(DRONE_MCP_REPOS="octo")


def test_a_long_wrong_value_is_cut() -> None:
    assert len(refused(DRONE_MCP_TIMEOUT="x" * 10_000)) < 200


def test_the_token_does_not_show_in_the_settings() -> None:
    settings = Settings.from_environment({**SERVER, "DRONE_TOKEN": "supersecrettoken"})
    assert "supersecrettoken" not in repr(settings) + str(settings) + str(asdict(settings))
    assert set(settings.secrets()) == {"supersecrettoken"}
