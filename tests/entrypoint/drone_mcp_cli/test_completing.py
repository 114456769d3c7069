"""Completions, as a shell asks for them."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from support.patience import PATIENCE

if TYPE_CHECKING:
    from entrypoint.drone_mcp_cli.conftest import Desk

COMPLETED = {
    "di": ["diagnose"],
    "diagnose oc": ["octo/hello", "octo/payments"],
    "diagnose octo/hello ": ["4", "3", "2", "1"],
    "wait octo/payments ": ["3", "2", "1"],
    "logs octo/hello 4 --stage ": ["build", "publish", "1", "2"],
    "logs octo/hello 4 --stage build --step t": ["test"],
    "logs octo/hello --step inst": ["install"],
    "call drone_find_f": ["drone_find_flaky_steps"],
    "call drone_find_flaky_steps d": ["days="],
    "tools drone_stop": ["drone_stop_build", "drone_stop_preview"],
    "tools --role d": ["dev"],
    "diagnose --role nope oc": [],
}


def complete(desk: Desk, words: str, **variables: Any) -> tuple[int, list[str], str]:
    """Complete the last word as bash does."""
    line = f"drone-mcp {words}"
    asking: dict[str, Any] = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    done = desk.run(**asking, _DRONE_MCP_COMPLETE="complete_bash", **variables)
    return done.code, done.out.split(), done.err


@pytest.mark.parametrize("words", COMPLETED)
def test_a_word_is_completed_with_what_there_is(desk: Desk, words: str) -> None:
    assert complete(desk, words) == (0, COMPLETED[words], "")


def test_only_what_the_role_may_see_is_completed(desk: Desk) -> None:
    assert complete(desk, "diagnose oc", DRONE_MCP_REPOS="octo/hello") == (0, ["octo/hello"], "")


@pytest.mark.parametrize("address", ["", "no address", "http://127.0.0.1:9"])
def test_without_an_answer_there_is_no_completion_and_no_word(desk: Desk, address: str) -> None:
    assert complete(desk, "diagnose oc", DRONE_SERVER=address) == (0, [], "")


def test_a_drone_that_does_not_answer_holds_up_no_shell(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        assert complete(desk, "diagnose oc", DRONE_SERVER=address, DRONE_MCP_TIMEOUT="600") == (0, [], "")
    assert time.monotonic() - began < PATIENCE
