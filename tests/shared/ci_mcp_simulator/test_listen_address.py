"""The address that a simulator's command line gives."""

from __future__ import annotations

import pytest
import typer

from ci_mcp_simulator.listen_address import parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [("127.0.0.1:8080", ("127.0.0.1", 8080)), ("localhost:0", ("127.0.0.1", 0)), ("[::1]:80", ("::1", 80))],
)
def test_an_address_of_this_machine_is_taken(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text, allow_remote=False) == address


def test_an_address_that_others_can_reach_has_to_be_allowed() -> None:
    with pytest.raises(typer.BadParameter, match="--allow-remote"):
        parse_address("0.0.0.0:80", allow_remote=False)
    assert parse_address("0.0.0.0:80", allow_remote=True) == ("0.0.0.0", 80)  # noqa: S104 - nothing listens there


@pytest.mark.parametrize("text", ["8080", "host:80", "127.0.0.1:http", "", "127.0.0.1:"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"127\.0\.0\.1:8080"):
        parse_address(text, allow_remote=False)
