"""The console command, as a process: serving, refusing a wrong environment, and verifying audit files."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client

from ci_mcp_kit.guard.audit_file import FileSink, head_path
from support.patience import PATIENCE
from support.simulator import running_simulator
from support.warm import warm_python, warm_server

if TYPE_CHECKING:
    from pathlib import Path

MODULE = "drone_mcp_actions"
KEY = "a key of the tests that is long enough"


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    variables = {"PATH": os.environ["PATH"], **env}
    return subprocess.run(
        [*warm_python(), "-m", MODULE, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=variables,
    )


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_process_restarts_a_build_over_stdio_and_keeps_its_record(tmp_path: Path, mode: Any) -> None:
    audit = tmp_path / "audit.jsonl"
    with anyio.fail_after(PATIENCE):
        async with running_simulator("demo", socket=True) as drone:
            process = warm_server(
                MODULE,
                {
                    "DRONE_SERVER": drone.url,
                    "DRONE_WRITE_TOKEN": drone.admin_token,
                    "DRONE_MCP_ACTIONS": "on",
                    "DRONE_MCP_ACTION_REPOS": "octo/hello",
                    "DRONE_MCP_AUDIT_LOG": str(audit),
                    "AGENT_ROLE": "ops",
                },
            )
            async with Client(process, mode=mode) as client:
                result = await client.call_tool("drone_restart_build", {"repo": "octo/hello", "number": 4})
                other = await client.call_tool("drone_restart_build", {"repo": "octo/payments", "number": 1})
    assert (result.structured_content["outcome"], result.structured_content["new_build"]) == ("done", 5)
    assert other.is_error
    assert run("audit", "verify", str(audit)).returncode == 0
    events = [json.loads(line)["event"] for line in audit.read_text(encoding="utf-8").splitlines()]
    assert events == ["attempt", "outcome", "refused"]


def test_on_without_a_token_is_found_by_the_check() -> None:
    done = run(
        "--check-environment", DRONE_SERVER="http://drone.test", DRONE_MCP_ACTIONS="on", DRONE_MCP_ACTION_REPOS="octo/*"
    )
    assert done.returncode == 2
    assert done.stderr.startswith("drone-mcp-actions: DRONE_MCP_ACTIONS is 'on' and DRONE_WRITE_TOKEN is not set")
    assert len(done.stderr.splitlines()) == 1


def test_help_names_the_variables() -> None:
    assert "DRONE_MCP_ACTION_REPOS" in run("--help").stdout


def test_help_names_the_commands_for_audit_files() -> None:
    text = run("--help").stdout
    assert "drone-mcp-actions audit verify FILE" in text
    assert "drone-mcp-actions audit show FILE" in text


async def log(path: Path, key: bytes | None = None) -> list[str]:
    for number in range(3):
        await FileSink(path, key).append({"event": "attempt", "n": number})
    return path.read_text(encoding="utf-8").splitlines(keepends=True)  # noqa: ASYNC240 - a test may wait for a disk


@pytest.mark.parametrize(
    ("way", "problem"),
    [
        ("changed", "line 2: it was changed"),
        ("removed", "line 2: it does not follow line 1"),
        ("moved", "line 2: it does not follow line 1"),
        ("first removed", "line 1: it is not the first of its chain"),
        ("cut", "the last line is cut"),
        ("end removed", "the end: line 3 of"),
        ("head removed", "nothing says how many lines there should be"),
    ],
)
async def test_what_was_done_to_a_file_is_reported(tmp_path: Path, way: str, problem: str) -> None:
    path = tmp_path / "audit.jsonl"
    one, two, three = await log(path)
    after = {
        "changed": [one, two.replace('"n":1', '"n":7'), three],
        "removed": [one, three],
        "moved": [one, three, two],
        "first removed": [two, three],
        "cut": [one, two, three[:-1]],
        "end removed": [one, two],
        "head removed": [one, two, three],
    }
    path.write_text("".join(after[way]), encoding="utf-8")
    if way == "head removed":
        head_path(path).unlink()
    done = run("audit", "verify", str(path))
    assert done.returncode == 1
    assert problem in done.stdout


async def test_a_head_kept_elsewhere_tells_of_a_file_and_head_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    await log(path)
    earlier = [(file, file.read_bytes()) for file in (path, head_path(path))]
    await log(path)
    noted = run("audit", "verify", str(path)).stdout.rpartition("head ")[2].strip()
    for file, content in earlier:
        file.write_bytes(content)
    assert run("audit", "verify", str(path)).returncode == 0
    assert run("audit", "verify", str(path), "--head", noted).returncode == 1


async def test_a_signed_file_takes_its_key(tmp_path: Path) -> None:
    from ci_mcp_kit.guard import confirmation_tokens  # noqa: PLC0415 - for this test alone

    path = tmp_path / "audit.jsonl"
    await log(path, confirmation_tokens.derived(KEY.encode(), "audit"))
    assert run("audit", "verify", str(path), DRONE_MCP_ACTION_KEY=KEY).returncode == 0
    assert run("audit", "verify", str(path)).returncode == 1


def test_what_cannot_be_verified_is_reported_without_a_traceback(tmp_path: Path) -> None:
    done = run("audit", "verify", str(tmp_path / "none"))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert run("audit", "verify", str(tmp_path), "--head", "x").returncode == 2


async def test_show_prints_the_newest_lines_and_whether_the_file_is_intact(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    sink = FileSink(path, None)
    agent = {"role": "ops", "session": "s-42", "pod": "host", "pid": "1"}
    about = {"agent": agent, "operation": "restart", "repo": "octo/hello", "build": 4}
    await sink.append({"time": "2026-11-29T10:00:00.1Z", "event": "asked", **about})
    await sink.append({"time": "2026-11-29T10:00:01.1Z", "event": "attempt", **about, "rule": "allowed"})
    wild = {**about, "repo": "octo/\x1b[31mred\x1b[0m\n", "message": "Drone is down"}
    await sink.append({"time": "2026-11-29T10:00:02.1Z", "event": "outcome", "outcome": "not_sent", **wild})
    done = run("audit", "show", str(path), "--last", "2")
    assert done.returncode == 0
    *lines, verdict = done.stdout.splitlines()
    assert lines == [
        "2026-11-29 10:00:01  ops/s-42  restart  octo/hello#4  attempt",
        "2026-11-29 10:00:02  ops/s-42  restart  octo/red#4    not sent  Drone is down",
    ]
    assert verdict.startswith("ok: every line is as it was written; head ")
    path.write_bytes(path.read_bytes().replace(b"restart", b"approve", 1))
    changed = run("audit", "show", str(path))
    assert changed.returncode == 1
    assert "line 1: it was changed, or written with another key" in changed.stdout.splitlines()


@pytest.mark.parametrize("number", ["0", "-1", "x"])
def test_show_refuses_a_number_of_lines_that_is_none(tmp_path: Path, number: str) -> None:
    assert run("audit", "show", str(tmp_path / "audit.jsonl"), "--last", number).returncode == 2
