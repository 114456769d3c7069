"""`drone-mcp-policy replay`: what the rules would have decided. The captured webhooks are a golden table.

UPDATE_SNAPSHOTS=1 rewrites the table; read its diff.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from typer.testing import CliRunner

from drone_mcp_policy.cli import app
from drone_mcp_policy.recordings import read_recording
from drone_mcp_policy.replay import replay
from drone_mcp_state import open_store, write_snapshot
from support.captured_builds import FIXTURES, deliveries
from support.made_builds import T0
from support.policy_cases import CLONE_FAILED, DEFAULT, a_build, flaky
from support.redis_server import RedisServer
from support.snapshots import hold
from support.warm import warm_python

if TYPE_CHECKING:
    from typer.testing import Result

WEBHOOKS = str(FIXTURES / "webhooks.jsonl")
SNAPSHOTS = Path(__file__).parent / "snapshots"
STOP_AT_RUNNING = "rules: [{rule: nothing-runs, then: stop, when: {status: running, event: custom}}]\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, arguments)])


def write(directory: Path, text: str, name: str = "rules.yaml") -> Path:
    file = directory / name
    file.write_text(text, encoding="utf-8")
    return file


def reported(build: Any, action: str = "updated") -> dict[str, Any]:
    repo = {"namespace": "octo", "name": "hello", "slug": "octo/hello"}
    return {"event": "build", "action": action, "repo": repo, "build": build.model_dump(mode="json")}


def test_the_captured_webhooks_are_decided_as_in_the_table() -> None:
    result = run(WEBHOOKS)
    assert result.exit_code == 0
    hold(SNAPSHOTS / "captured_webhooks.txt", result.stdout)
    assert result.stderr == "39 decisions on 15 builds\n"


def test_every_captured_delivery_of_a_build_is_decided_about() -> None:
    moments = list(replay(read_recording(WEBHOOKS), [DEFAULT]))
    assert len(moments) == sum(b'"build":{' in delivery.body for delivery in deliveries())
    final = {m.snapshot.build.number: m.decisions[0].action for m in moments}
    assert {n for n, action in final.items() if action == "continue"} == {1, 5, 6, 7, 8, 9, 11, 14, 15}
    assert {n for n, action in final.items() if action == "collect_logs_and_stop"} == {2, 3, 4, 10}
    assert {n for n, action in final.items() if action == "wait"} == {12, 13}


def test_two_rule_files_are_told_apart(tmp_path: Path) -> None:
    result = run(WEBHOOKS, "--against", write(tmp_path, STOP_AT_RUNNING))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "--- the shipped rules"
    assert lines[1] == f"+++ {tmp_path}/rules.yaml"
    assert lines[2].endswith("octo/pub#1  running  wait  [built-in: running]  it is running")
    assert lines[3].endswith("octo/pub#1  running  stop  [nothing-runs]  it is running")
    assert {line[0] for line in lines[2:]} == {"-", "+"}
    assert not any("push" in line or "#11" in line for line in lines)
    assert "decisions differ, on 7 builds" in result.stderr


def test_the_same_rules_in_other_words_do_not_differ(tmp_path: Path) -> None:
    other = write(tmp_path, "rules: [{rule: wait, then: wait, when: {status: [pending, running]}}]\n")
    result = run(WEBHOOKS, "--rules", other, "--against", write(tmp_path, "rules: []\n", "b.yaml"))
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_retry_knows_what_came_before(tmp_path: Path) -> None:
    builds = [flaky(n, parent=n - 1, created=T0 + 500 * n) for n in (1, 2, 3)]
    lines = [json.dumps({"at": T0 + 900 * n, "body": reported(build)}) for n, build in enumerate(builds, 1)]
    result = run(write(tmp_path, "\n".join(lines), "events.jsonl"))
    said = [line.split("  ")[3] for line in result.stdout.splitlines()]
    assert said == ["retry", "retry", "collect_logs_and_stop"]


def test_bare_bodies_are_reported_by_their_own_time(tmp_path: Path) -> None:
    build = a_build(1, "failure", CLONE_FAILED)
    text = "\n\n".join([json.dumps(reported(build)), json.dumps({"event": "user", "action": "created"})])
    (snapshot,) = read_recording(str(write(tmp_path, text, "events.jsonl")))
    assert snapshot.at == build.finished


def test_times_may_be_written_as_dates(tmp_path: Path) -> None:
    text = json.dumps({"at": "2026-11-21T10:00:00Z", "body": json.dumps(reported(a_build(1)))})
    assert read_recording(str(write(tmp_path, text)))[0].at == 1_795_255_200


async def test_the_history_of_a_store_is_replayed(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    async with open_store(f"sqlite://{file}") as store:
        for number in (2, 1):
            await store.apply("octo/hello", a_build(number), source="api", at=T0 + 60.0)
    for source in (file, f"sqlite://{file}"):
        done = await anyio.run_process([*warm_python(), "-m", "drone_mcp_policy", "replay", str(source)])
        assert [line.split("  ")[1] for line in done.stdout.decode().splitlines()] == ["octo/hello#1", "octo/hello#2"]


async def test_a_snapshot_of_a_redis_store_is_replayed_as_the_store_itself(tmp_path: Path) -> None:
    redis = RedisServer(tmp_path)
    redis.start()
    try:
        async with open_store(redis.url) as store:
            await store.apply("octo/hello", a_build(1, "failure", CLONE_FAILED), source="webhook", at=T0 + 900.0)
            await write_snapshot(store, tmp_path / "snapshot.db")
        reported = []
        for source in (redis.url, str(tmp_path / "snapshot.db")):
            done = await anyio.run_process([*warm_python(), "-m", "drone_mcp_policy", "replay", source])
            reported.append(done.stdout.decode())
    finally:
        redis.stop()
    assert reported[0] == reported[1]
    assert "octo/hello#1  failure  retry  [retry-infrastructure]" in reported[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", ":1: this is no captured webhook"),
        ("\n[1, 2]", ":2: this is no captured webhook"),
        ("7", ":1: this is no captured webhook"),
        ('{"event": "build", "build": {"number": "x"}}', ":1: this is no captured webhook"),
    ],
)
def test_what_is_no_recording_is_reported_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    result = run(write(tmp_path, text, "events.jsonl"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"drone-mcp-policy: {tmp_path}/events.jsonl{message}\n"


def test_a_recording_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    assert "none.jsonl cannot be read: No such file" in run(tmp_path / "none.jsonl").stderr
    binary = tmp_path / "b.jsonl"
    binary.write_bytes(b"\xff\xfe")
    assert "b.jsonl cannot be read: it is no text" in run(binary).stderr


def test_every_mistake_of_a_rule_file_is_reported_with_its_line(tmp_path: Path) -> None:
    rules = write(tmp_path, "rules:\n  - {rule: a, then: go}\n  - {rule: a b, then: stop}\n")
    result = run(WEBHOOKS, "--rules", rules)
    assert result.exit_code == 2
    assert [line.partition(": ")[2].partition(": ")[0] for line in result.stderr.splitlines()] == [
        f"{rules}:2",
        f"{rules}:3",
    ]
