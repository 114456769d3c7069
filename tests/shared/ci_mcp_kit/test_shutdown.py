"""A server as a process, ended in every way that a client ends one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.client_pipes import ENDINGS, ServerProcess, failure_of, server_process, warm_server_process
from support.patience import PATIENCE

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

TESTS = Path(__file__).parents[2]


def environment_of(variables: dict[str, str]) -> dict[str, str]:
    return {"DRONE_SERVER": "https://drone.test", "DRONE_TOKEN": "x" * 32, "PYTHONPATH": str(TESTS), **variables}


def running(**variables: str) -> AbstractContextManager[ServerProcess]:
    return server_process("-m", "support.example_server", **environment_of(variables))


def running_warm(*arguments: str, **variables: str) -> AbstractContextManager[ServerProcess]:
    return warm_server_process("-m", "support.example_server", *arguments, **environment_of(variables))


def start_call(process: ServerProcess, how: str) -> None:
    """Call the tool that waits, and return once it runs."""
    params = {"name": "drone_wait", "arguments": {"how": how}, "_meta": {"progressToken": 1}}
    process.send(id=2, method="tools/call", params=params)
    assert process.receive()["method"] == "notifications/progress"


@pytest.mark.parametrize("how", ENDINGS)
@pytest.mark.parametrize("during", [None, "async"])
def test_every_ending_is_a_clean_one(how: str, during: str | None) -> None:
    with running() as process:
        process.shake_hands()
        if during:
            start_call(process, during)
        ENDINGS[how](process)
        status, errors = process.ending()
    assert status == 0
    assert errors.count("closed\n") == 1
    assert "Traceback" not in errors


@pytest.mark.parametrize("how", ["end of input", "SIGINT then SIGTERM"])
def test_a_thread_that_does_not_end_does_not_hold_the_process(how: str) -> None:
    with running() as process:
        process.shake_hands()
        start_call(process, "thread")
        ENDINGS[how](process)
        status, errors = process.ending()
    assert status == 0
    assert "Traceback" not in errors


def test_a_client_that_no_longer_listens_ends_the_server_without_a_word() -> None:
    with running() as process:
        process.shake_hands()
        process.stdout.close()
        process.send(id=3, method="tools/list")
        status, errors = process.ending()
    assert (status, errors) == (0, "closed\n")


def test_the_end_of_input_before_anything_was_said_is_an_ending_too() -> None:
    with running() as process:
        process.stdin.close()
        assert process.ending() == (0, "closed\n")


def test_a_large_request_passes() -> None:
    with running_warm() as process:
        process.shake_hands()
        text = "y" * 3_000_000
        process.send(id=2, method="tools/call", params={"name": "drone_echo", "arguments": {"text": text}})
        assert process.receive()["result"]["structuredContent"]["text"] == text
        process.stdin.close()
        assert process.ending()[0] == 0


def test_a_wrong_setting_is_found_by_the_check_in_one_line() -> None:
    with running_warm("--check-environment", DRONE_MCP_TIMEOUT="soon") as process:
        status, errors = process.ending()
    assert status == 2
    assert errors == "drone-mcp-example: DRONE_MCP_TIMEOUT is 'soon': it takes seconds from 1 to 600\n"


def test_a_tool_name_that_is_not_there_is_found_by_the_check_in_one_line() -> None:
    with running_warm("--check-environment", DRONE_MCP_TOOLS="drone_ehco") as process:
        status, errors = process.ending()
    assert status == 2
    assert len(errors.splitlines()) == 1


def test_a_right_environment_passes_the_check_without_a_word() -> None:
    with running_warm("--check-environment") as process:
        assert process.ending() == (0, "")


def test_a_server_over_http_does_not_start_in_a_wrong_environment() -> None:
    with running_warm("--http", "127.0.0.1:0", DRONE_MCP_TIMEOUT="soon") as process:
        status, errors = process.ending()
    assert status == 2
    assert errors == "drone-mcp-example: DRONE_MCP_TIMEOUT is 'soon': it takes seconds from 1 to 600\n"


def test_a_server_starts_in_a_wrong_environment_and_every_call_says_why() -> None:
    with running_warm(DRONE_MCP_TIMEOUT="soon") as process:
        process.shake_hands()
        process.send(id=2, method="tools/call", params={"name": "drone_echo", "arguments": {"text": "x"}})
        result = process.receive()["result"]
        process.stdin.close()
        status, errors = process.ending()
    error = failure_of(result)
    assert (error["code"], error["details"]) == ("INVALID_INPUT", {"variable": "DRONE_MCP_TIMEOUT"})
    assert error["message"] == "DRONE_MCP_TIMEOUT is 'soon': it takes seconds from 1 to 600"
    assert status == 0
    assert errors.startswith("drone-mcp-example: DRONE_MCP_TIMEOUT is 'soon': it takes seconds from 1 to 600\n")


def test_a_guest_is_told_once_that_they_are_one() -> None:
    with running_warm(DRONE_TOKEN="", DRONE_MCP_LOG_FORMAT="json") as process:
        process.stdin.close()
        _, errors = process.ending()
    reported = [json.loads(line) for line in errors.splitlines() if line.startswith("{")]
    assert [(line["level"], line["message"][:14]) for line in reported] == [("warning", "No DRONE_TOKEN")]


def test_a_token_that_travels_in_clear_is_warned_of() -> None:
    with running_warm(DRONE_SERVER="http://drone.test", DRONE_MCP_LOG_FORMAT="json") as process:
        process.stdin.close()
        _, errors = process.ending()
    assert "plain http" in errors


def test_help_lists_the_environment_and_version_tells_itself() -> None:
    for option, expected in (("--help", "DRONE_MCP_REPOS"), ("--version", "drone-mcp-example ")):
        with running_warm(option) as process:
            assert expected in process.stdout.read().decode()
            assert process.process.wait(PATIENCE) == 0


def test_starting_imports_neither_the_http_library_of_our_client_nor_any_user_interface() -> None:
    heavy = {"httpx", "typer", "rich.console", "re2", "yaml", "tomlkit", "drone_mcp_client.client"}
    script = (
        "import sys; from support.example_server import create; from drone_mcp_build.settings import Settings; "
        "create(Settings(server='http://drone.test')); print(*sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    modules = subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert heavy & set(modules.split()) == set()
