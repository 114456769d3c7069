"""Real server processes: what the front answers, how it becomes the server, and how each state ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_config.installation.reading import read_installation
from support.client_pipes import (
    ENDINGS,
    ENVELOPE,
    HANDSHAKE,
    NOWHERE,
    ServerProcess,
    failure_of,
    server_process,
    wait_until_gone,
    warm_server_process,
)
from support.installed import SERVERS, environment_of, server_module
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

BUILDS = ("-m", "drone_mcp_builds")
CALL = {"name": "drone_get_build", "arguments": {"repo": "octo/hello"}}
LISTEN = {**ENVELOPE, "notifications": {"toolsListChanged": True}}


def list_tools(process: ServerProcess) -> None:
    process.shake_hands()
    assert process.ask(2, "tools/list")["tools"]


def listen(process: ServerProcess) -> None:
    process.ask(1, "server/discover", ENVELOPE)
    process.send(id="a", method="subscriptions/listen", params=LISTEN)
    assert process.receive()["method"] == "notifications/subscriptions/acknowledged"


def call(process: ServerProcess) -> None:
    list_tools(process)
    assert process.ask(3, "tools/call", CALL)["isError"]


STATES: dict[str, Callable[[ServerProcess], None]] = {
    "started": lambda _: None,
    "after the handshake": ServerProcess.shake_hands,
    "after the lists": list_tools,
    "with a subscription": listen,
    "after a call": call,
}


@pytest.fixture
def stuck(tmp_path: Path) -> Path:
    """A server that never ends loading: the folder that it is found in, with a named pipe that it opens then."""
    os.mkfifo(tmp_path / "loading")
    folder = tmp_path / "stuck_server"
    folder.mkdir()
    shutil.copy(Path(import_module("drone_mcp_builds").__file__ or "").parent / "surface.json", folder)
    (folder / "__init__.py").touch()
    (folder / "__main__.py").write_text('from ci_mcp_kit.front.start import start\nstart("stuck_server")\n')
    (folder / "server.py").write_text(f"open({str(tmp_path / 'loading')!r}, 'w')\nwhile True:\n    pass\n")
    return tmp_path


@pytest.mark.parametrize("name", SERVERS)
def test_nothing_heavy_is_loaded_before_the_first_call(name: str) -> None:
    module = read_installation()[name].module
    with server_process("-m", module, **environment_of(name)) as process:
        list_tools(process)
        for number, method in enumerate(("prompts/list", "resources/list", "resources/templates/list", "ping")):
            process.ask(10 + number, method)
        assert not process.has_loaded()
        before = process.process.pid
        assert process.ask(3, "tools/call", {"name": read_installation()[name].tool_names[0], "arguments": {"x": 1}})
        assert process.has_loaded()
        assert process.process.pid == before


def test_an_eager_server_loads_as_soon_as_its_tools_are_listed_and_answers_meanwhile() -> None:
    with server_process(*BUILDS, **NOWHERE, DRONE_MCP_EAGER="1") as process:
        list_tools(process)
        number = 3
        while not process.has_loaded():
            process.ask(number, "ping")
            number += 1
        assert process.ask("call", "tools/call", CALL)["isError"]
        process.stdin.close()
        assert process.ending()[0] == 0


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("state", STATES)
def test_every_ending_is_a_clean_one_in_every_state(state: str, ending: str) -> None:
    with server_process(*BUILDS, **NOWHERE) as process:
        STATES[state](process)
        if state == "started" and ending != "end of input":
            process.shake_hands()  # signals before the first line of ours end any Python program in its own way
        ENDINGS[ending](process)
        status, errors = process.ending()
        rest = process.stdout.read()
    assert status == 0
    assert "Traceback" not in errors
    closed = {"jsonrpc": "2.0", "id": "a", "error": {"code": -32000, "message": "Connection closed"}}
    assert [json.loads(line) for line in rest.splitlines()] == ([closed] if state == "with a subscription" else [])


@pytest.mark.parametrize("ending", [name for name in ENDINGS if name != "end of input"])
def test_a_signal_in_the_middle_of_becoming_ends_it_at_once(stuck: Path, ending: str) -> None:
    with server_process("-m", "stuck_server", PYTHONPATH=str(stuck), **NOWHERE) as process:
        list_tools(process)
        process.send(id=3, method="tools/call", params=CALL)
        with (stuck / "loading").open():
            ENDINGS[ending](process)
            status, errors = process.ending()
    assert (status, errors) == (0, "")


@pytest.mark.parametrize("state", [*list(STATES)[1:], "in the middle of becoming"])
def test_a_client_that_is_killed_leaves_no_server_though_something_else_holds_the_pipes(state: str) -> None:
    """The client is a process of its own; the pipes are open in this one, too, as in a program that it left behind."""
    client = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-P', '-m', 'drone_mcp_builds'], stdin=0, stdout=1)\n"
        "print(child.pid, file=sys.stderr, flush=True)\n"
        "child.wait()\n"
    )
    with server_process("-c", client, **NOWHERE) as process:
        assert process.process.stderr
        server = int(process.process.stderr.readline())
        if state in STATES:
            STATES[state](process)
        else:
            list_tools(process)
            process.send(id=3, method="tools/call", params=CALL)
        process.process.kill()
        assert wait_until_gone(server)


def test_a_client_that_ends_while_the_server_starts_leaves_none_though_something_else_holds_the_pipes() -> None:
    """No code of ours has run by then, so no process can have remembered its parent."""
    client = (
        "import os, subprocess, sys\n"
        "os.setsid()\n"
        "child = subprocess.Popen([sys.executable, '-P', '-m', 'drone_mcp_builds'], stdin=0, stdout=1)\n"
        "os.write(2, b'%d\\n' % child.pid)\n"
        "os._exit(0)\n"
    )
    with server_process("-c", client, **NOWHERE) as process:
        assert process.process.stderr
        assert wait_until_gone(int(process.process.stderr.readline()))


def test_a_client_that_does_not_read_does_not_hold_the_front() -> None:
    with server_process(*BUILDS, **NOWHERE) as process:
        process.shake_hands()
        for number in range(20):
            process.send(id=number + 2, method="tools/list")  # more than a pipe holds
        process.signal(signal.SIGTERM)
        assert process.process.wait(PATIENCE) == 0


def test_a_client_that_no_longer_listens_ends_the_front_without_a_word() -> None:
    with server_process(*BUILDS, **NOWHERE) as process:
        process.shake_hands()
        process.stdout.close()
        process.send(id=2, method="tools/list")
        assert process.ending() == (0, "")


def test_a_last_line_without_its_end_is_answered_whole() -> None:
    with server_process(*BUILDS, **NOWHERE) as process:
        process.shake_hands()
        process.stdin.write(b'{"jsonrpc": "2.0", "id": 2, "method": "tools/list"}')
        process.stdin.close()
        assert process.receive()["result"]["tools"], "of some ten thousand bytes"
        assert process.ending()[0] == 0


def test_a_signal_while_a_line_is_half_there_loads_nothing(stuck: Path) -> None:
    with server_process("-m", "stuck_server", PYTHONPATH=str(stuck), **NOWHERE) as process:
        list_tools(process)
        process.stdin.write(b'{"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"na')
        process.stdin.flush()
        process.signal(signal.SIGTERM)
        assert process.ending() == (0, ""), "a server that loads would never end"


def test_a_line_that_never_ends_is_no_burden_of_the_front() -> None:
    with server_process(*BUILDS, **NOWHERE) as process:
        process.shake_hands()
        text = "y" * 3_000_000
        params = {"name": "drone_get_build", "arguments": {"repo": text}}
        assert failure_of(process.ask(2, "tools/call", params))["code"] == "INVALID_INPUT"


def test_what_was_subscribed_and_asked_before_the_first_call_holds_after_it() -> None:
    with server_process(*BUILDS, **NOWHERE) as process:
        listen(process)
        assert process.ask(2, "tools/list", ENVELOPE)["tools"]
        result = process.ask(3, "tools/call", {**CALL, **ENVELOPE})
        assert failure_of(result)["code"] == "NETWORK_ERROR"
        process.send(method="notifications/cancelled", params={"requestId": "a"})
        assert process.ask(4, "tools/list", ENVELOPE)["tools"]
        process.stdin.close()
        assert process.ending()[0] == 0
        assert process.stdout.read() == b""


@pytest.mark.parametrize("change", [{"made_with": {"mcp": "9.9.9", "drone_mcp": "0.1.0"}}, None])
def test_a_server_whose_file_is_of_another_version_or_missing_is_the_real_one_at_once(
    tmp_path: Path, change: dict[str, Any] | None
) -> None:
    with package_of_builds(tmp_path, change) as process:
        process.shake_hands()
        assert process.has_loaded()
        assert process.ask(2, "tools/list")["tools"]
        process.stdin.close()
        assert process.ending()[0] == 0


def test_a_file_that_says_something_else_than_the_server_is_reported(tmp_path: Path) -> None:
    with package_of_builds(tmp_path, {"versions": ["2025-06-18", "2099-01-01"]}) as process:
        client = {**HANDSHAKE, "protocolVersion": "2099-01-01"}
        assert process.ask(1, "initialize", client)["protocolVersion"] == "2099-01-01"
        assert process.ask(2, "tools/call", CALL)["isError"]
        process.stdin.close()
        status, errors = process.ending()
    assert status == 0
    assert "surface.json is wrong" in errors


def package_of_builds(folder: Path, change: dict[str, Any] | None) -> Any:
    """Start the builds server under another name, with a file of answers that differs; None: without one."""
    package = folder / "other_builds"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text('from ci_mcp_kit.front.start import start\nstart("other_builds")\n')
    (package / "server.py").write_text("from drone_mcp_builds.server import main\n")
    if change is not None:
        builds = Path(import_module("drone_mcp_builds").__file__ or "").parent
        data = json.loads((builds / "surface.json").read_text(encoding="utf-8"))
        (package / "surface.json").write_text(json.dumps(data | change), encoding="utf-8")
    return server_process("-m", "other_builds", PYTHONPATH=str(folder), **NOWHERE)


def test_where_select_takes_no_pipes_the_same_is_said() -> None:
    """As on Windows: the client alone ends a read."""
    code = "from ci_mcp_kit import pipes; pipes.WINDOWS = True; from drone_mcp_builds.__main__ import main; main()"
    with server_process("-c", code, **NOWHERE) as process:
        list_tools(process)
        assert not process.has_loaded()
        assert process.ask(3, "tools/call", CALL)["isError"]
        assert process.ask(4, "prompts/list")["prompts"]
        process.stdin.close()
        assert process.ending()[0] == 0


def wrong_environments(name: str) -> dict[str, tuple[dict[str, str], str, str]]:
    """Return what is wrong -> the environment, the variable that is to blame, and words of the error."""
    service, right = server_module(name).SPEC.settings.services[0], environment_of(name)
    address, token, file = service.address, service.token, service.ca_file
    return {
        "no address": ({}, address, f"{address} is not set"),
        "an address without a scheme": ({address: "ci.test"}, address, "did you mean https://ci.test"),
        "a token that was not filled in": (
            {**right, token: "${TOKEN}"},
            token,
            "a reference that was not filled in (${TOKEN})",
        ),
        "a file that is not there": ({**right, file: "/no/such"}, file, "no such file"),
        "an unknown tool": ({**right, "DRONE_MCP_TOOLS": "do_nothing"}, "DRONE_MCP_TOOLS", "do_nothing"),
        "no list of tools": ({**right, "DRONE_MCP_TOOLS": "!"}, "DRONE_MCP_TOOLS", "names of the tools to offer"),
    }


WRONG = wrong_environments(SERVERS[0])


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", SERVERS)
def test_a_wrong_environment_is_said_where_it_is_read(name: str, wrong: str) -> None:
    environment, variable, words = wrong_environments(name)[wrong]
    manifest = read_installation()[name]
    with warm_server_process("-m", manifest.module, **environment) as process:
        reported = process.ask(1, "initialize", HANDSHAKE)["instructions"]
        assert words in reported.partition("\n")[0]
        tools = [tool["name"] for tool in process.ask(2, "tools/list")["tools"]]
        assert tools == list(manifest.tool_names)
        result = process.ask(3, "tools/call", {"name": tools[0], "arguments": {}})
        process.stdin.close()
        status, errors = process.ending()
    error = failure_of(result)
    assert (error["code"], error["details"]) == ("INVALID_INPUT", {"variable": variable})
    assert words in error["message"]
    assert error["next_step"].startswith("Tell the user")
    assert status == 0
    line = errors.partition("\n")[0]
    assert line.startswith(f"{manifest.command}: ")
    assert words in line
    assert errors.count(words) == 1, "it is written once"


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", SERVERS)
def test_scripts_find_a_wrong_environment_by_the_status(name: str, wrong: str) -> None:
    environment, _, words = wrong_environments(name)[wrong]
    command = ("-m", read_installation()[name].module, "--check-environment")
    with warm_server_process(*command, **environment) as process:
        status, errors = process.ending()
    assert status == 2
    assert words in errors
    assert len(errors.splitlines()) == 1


def test_a_console_script_starts_with_the_front_too() -> None:
    script = Path(sys.executable).parent / "drone-mcp-builds"
    with subprocess.Popen(
        [script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **NOWHERE}
    ) as opened:
        process = ServerProcess(opened)
        list_tools(process)
        assert not process.has_loaded()
        process.stdin.close()
        assert process.ending() == (0, "")
