from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_config.secret_recognition import is_literal_secret, looks_secret, names_a_secret, secret_argument


@pytest.mark.parametrize(
    "name",
    [
        "GITEA_TOKEN",
        "X-Api-Key",
        "apiKey",
        "password",
        "DB_PASSWD",
        "Authorization",
        "AWS_SECRET_ACCESS_KEY",
        "DRONE_MCP_ACTION_KEY",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize("name", ["", "GITEA_HOST", "MAX_TOKENS", "TOKEN_FILE", "KEYBOARD", "monkey", "PATH", "author"])
def test_other_names_are_left_alone(name: str) -> None:
    assert not names_a_secret(name)


@pytest.mark.parametrize(
    "value",
    [
        "ghp_" + "a1" * 18,
        "glpat-" + "x" * 20,
        "55f24eb3d61ef6ac5e83d550178638dc",
        "AKIA" + "A1" * 8,
        "https://me:hunter2@host.test/",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x",
    ],
)
def test_shapes_of_secrets_are_known(value: str) -> None:
    assert looks_secret(value)
    assert looks_secret(f"--x={value}")


@pytest.mark.parametrize(
    "value",
    [
        "https://drone.example.com/a/b",
        "image@sha256:55f24eb3d61ef6ac5e83d550178638dc55f24eb3d61ef6ac5e83d550178638dc",
        "${GITEA_TOKEN}",
        "/home/me/tokens/file",
        "a perfectly ordinary sentence",
        "abcdefghijklmnopqrstuvwxyzabcdefghijkl",
    ],
)
def test_other_values_are_left_alone(value: str) -> None:
    assert not looks_secret(value)


@pytest.mark.parametrize("value", ["${X}", "Bearer ${X}", "token ${X}", "", "true", "1000", "${X:-}"])
def test_a_secret_name_may_hold_references_and_harmless_words(value: str) -> None:
    assert not is_literal_secret("API_TOKEN", value)


@pytest.mark.parametrize("value", ["hunter2", "Bearer hunter2", "${X:-hunter2}", "x${X}"])
def test_a_secret_name_may_hold_nothing_else(value: str) -> None:
    assert is_literal_secret("API_TOKEN", value)


@pytest.mark.parametrize(
    ("args", "index"),
    [
        (["-t", "stdio"], None),
        (["--token", "${T}"], None),
        (["--token=${T}", "hunter2"], None),
        (["--token", "hunter2"], 1),
        (["x", "--token=hunter2"], 1),
        (["--url", "https://a:b@c.test"], 1),
        (["--token", "--verbose", "x"], None),
    ],
)
def test_secrets_are_found_among_arguments(args: list[str], index: int | None) -> None:
    assert secret_argument(args) == index


@given(st.text())
def test_any_text_can_be_judged(text: str) -> None:
    names_a_secret(text)
    is_literal_secret(text, text)
