from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_http.addresses import is_exposed, parse_server
from ci_mcp_kit.errors import InvalidInput
from support.forge import FORGE


@given(st.text(max_size=60))
def test_no_text_is_more_than_a_refusal(text: str) -> None:
    with suppress(InvalidInput):
        parse_server(text, FORGE)


def test_a_refusal_names_the_variables_of_the_service() -> None:
    with pytest.raises(InvalidInput, match="FORGE_URL is 'forge', which is not an address") as caught:
        parse_server("forge", FORGE)
    assert caught.value.next_step.endswith("like https://forge.example.com")
    with pytest.raises(InvalidInput, match="FORGE_URL holds more") as caught:
        parse_server("https://forge.example.com?a=b", FORGE)
    assert "FORGE_TOKEN" in caught.value.next_step


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("https://forge.example.com", "https://forge.example.com"),
        (" https://Forge.example.com/ ", "https://forge.example.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://ci.example.com/forge/", "https://ci.example.com/forge"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_a_server_is_read_without_its_last_slash(text: str, server: str) -> None:
    assert parse_server(text, FORGE) == server


@pytest.mark.parametrize(
    "text", ["", "forge.example.com", "ssh://d", "https://", "https://d?x=1", "https://d#x", "http://d:x"]
)
def test_what_is_no_server_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_server(text, FORGE)


def test_a_server_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_server("https://joe:hunter2@forge.example.com", FORGE)
    assert "hunter2" not in repr(caught.value) + caught.value.next_step


@pytest.mark.parametrize(
    ("server", "exposed"),
    [
        ("http://forge.example.com", True),
        ("http://10.0.0.7:80", True),
        ("https://forge.example.com", False),
        ("http://localhost:8080", False),
        ("http://forge.localhost", False),
        ("http://127.0.0.1", False),
        ("http://[::1]:8080", False),
    ],
)
def test_a_token_over_plain_http_to_another_machine_is_exposed(server: str, exposed: bool) -> None:
    assert is_exposed(server) is exposed
