"""Drone's rules for builds that the recorded sessions do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from drone_mcp_simulator.webhooks import WebhookSender
from support.simulator import SimulatorHandle, running_simulator

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_simulator.records import Build

HEAD = """
users: [{login: octo, token: t, admin: true}]
runner: {pickup: 0, grace: 0, reports_cancel_first: %s}
repos:
  - slug: octo/hello
    permissions: {octo: admin}
    branches: {main: {pipeline: %s}}
"""
SLOW = "{type: exec, steps: [{name: long, duration: 100}, later]}"
LIMITED = "[{name: deploy, limit: 1, type: exec, steps: [{name: long, duration: 100}]}]"
REPO = "/api/repos/octo/hello"


def _scenario(folder: Path, pipeline: str, *, runner_first: bool = False) -> Path:
    path = folder / "scenario.yaml"
    path.write_text(HEAD % (str(runner_first).lower(), pipeline), encoding="utf-8")
    return path


async def _post(drone: SimulatorHandle, path: str, **body: object) -> httpx.Response:
    async with drone.client() as http:
        return await http.post(f"{REPO}{path}", json=body)


async def _build(drone: SimulatorHandle) -> Build:
    answer = await _post(drone, "/builds")
    await drone.advance(1)
    return drone.world.builds[answer.json()["id"]]


async def _set(drone: SimulatorHandle, **settings: object) -> None:
    async with drone.client() as http:
        (await http.patch(REPO, json=settings)).raise_for_status()


async def _push(drone: SimulatorHandle) -> Build:
    hook = {"repository": {"full_name": "octo/hello"}, "ref": "refs/heads/main", "after": "a" * 40}
    async with drone.client("") as http:
        answer = await http.post("/hook", json=hook)
    await drone.advance(1)
    return drone.world.builds[answer.json()["id"]]


def _stages(build: Build) -> list[str]:
    return [stage.status for stage in build.stages]


# -- limits


async def test_a_limited_stage_waits_for_every_older_one_of_its_name(tmp_path: Path) -> None:
    async with running_simulator(_scenario(tmp_path, LIMITED)) as drone:
        first, second, third = await _build(drone), await _build(drone), await _build(drone)
        assert [_stages(build) for build in (first, second, third)] == [["running"], ["pending"], ["pending"]]
        assert second.to_json()["stages"][0]["limit"] == 1

        await drone.advance(100)
        assert [_stages(build) for build in (first, second, third)] == [["success"], ["running"], ["pending"]]

        drone.world.cancel(second)
        await drone.advance(1)
        assert _stages(third) == ["running"]


async def test_a_throttled_repository_runs_so_many_stages_at_once(tmp_path: Path) -> None:
    async with running_simulator(_scenario(tmp_path, SLOW)) as drone:
        await _set(drone, throttle=2)
        builds = [await _build(drone) for _ in range(4)]
        assert [build.status for build in builds] == ["running", "running", "pending", "pending"]
        assert builds[0].to_json()["stages"][0]["throttle"] == 2

        await drone.advance(110)
        assert [build.status for build in builds] == ["success", "success", "running", "running"]


# -- automatic cancellation


@pytest.mark.parametrize(
    ("settings", "status", "stage", "exit_code"),
    [
        ({"auto_cancel_pushes": True}, "running", "running", 0),
        ({"auto_cancel_pushes": True, "auto_cancel_running": True}, "skipped", "killed", 130),
        ({"auto_cancel_pull_requests": True, "auto_cancel_running": True}, "running", "running", 0),
    ],
)
async def test_a_newer_push_cancels_a_running_build_only_where_the_repository_wants_it(
    tmp_path: Path, settings: dict[str, object], status: str, stage: str, exit_code: int
) -> None:
    async with running_simulator(_scenario(tmp_path, SLOW)) as drone:
        await _set(drone, **settings)
        custom, older, newer = await _build(drone), await _push(drone), await _push(drone)

        assert (older.status, _stages(older)) == (status, [stage])
        assert older.stages[0].steps[0].exit_code == exit_code
        assert custom.status == newer.status == "running"


async def test_a_newer_push_cancels_a_build_that_waits(tmp_path: Path) -> None:
    async with running_simulator(_scenario(tmp_path, LIMITED)) as drone:
        await _set(drone, auto_cancel_pushes=True)
        running, waiting, newest = await _push(drone), await _push(drone), await _push(drone)

        assert [build.status for build in (running, waiting, newest)] == ["running", "skipped", "pending"]
        assert _stages(waiting) == ["skipped"]


@pytest.mark.parametrize(("runner_first", "exit_codes"), [(False, [130, 130]), (True, [137, 0])])
async def test_drone_and_the_runner_race_for_the_exit_codes_of_a_cancelled_build(
    tmp_path: Path, runner_first: bool, exit_codes: list[int]
) -> None:
    async with running_simulator(_scenario(tmp_path, SLOW, runner_first=runner_first)) as drone:
        build = await _build(drone)
        async with drone.client() as http:
            await http.delete(f"{REPO}/builds/{build.number}")

        assert [step.exit_code for step in build.stages[0].steps] == exit_codes
        assert [step.status for step in build.stages[0].steps] == ["killed", "skipped"]


# -- configurations


@pytest.mark.parametrize(
    ("pipeline", "error"),
    [
        ("[{name: a, steps: [s]}, {name: a, steps: [s]}]", "linter: duplicate pipeline names"),
        ("[{name: a, depends_on: a, steps: [s]}]", "linter: pipeline cannot have a dependency on itself"),
        (
            "[{name: a, depends_on: b, steps: [s]}, {name: b, steps: [s]}]",
            "linter: invalid or unknown pipeline dependency",
        ),
    ],
)
async def test_a_mistake_between_pipelines_is_a_build_with_an_error(tmp_path: Path, pipeline: str, error: str) -> None:
    async with running_simulator(_scenario(tmp_path, pipeline)) as drone:
        build = await _build(drone)

        assert (build.status, build.error, build.stages) == ("error", error, [])


async def test_a_pipeline_takes_the_dependencies_of_one_that_is_left_out(tmp_path: Path) -> None:
    pipeline = """[
      {name: a, type: exec, steps: [s]},
      {name: b, type: exec, depends_on: a, events: [push], steps: [s]},
      {name: c, type: exec, depends_on: b, steps: [s]}]"""
    async with running_simulator(_scenario(tmp_path, pipeline)) as drone:
        build = await _build(drone)
        assert [(stage.name, stage.depends_on) for stage in build.stages] == [("a", []), ("c", ["a"])]

        await drone.advance(10)
        assert build.status == "success"


async def test_a_stage_of_an_unknown_kind_has_no_type_and_waits_for_good(tmp_path: Path) -> None:
    async with running_simulator(_scenario(tmp_path, "[{name: a, kind: pipelin, steps: [s]}]")) as drone:
        build = await _build(drone)
        await drone.advance(10_000)

        assert _stages(build) == ["pending"]
        assert "type" not in build.to_json()["stages"][0]


async def test_a_detached_steps_exit_code_does_not_count_and_its_log_is_there_once_it_ends(tmp_path: Path) -> None:
    pipeline = """{type: exec, steps: [
      {name: server, duration: 3, exit_code: 1, detached: true, log: up}, {name: client, duration: 10}]}"""
    async with running_simulator(_scenario(tmp_path, pipeline)) as drone:
        build = await _build(drone)
        log = f"{REPO}/builds/{build.number}/logs/1/1"
        async with drone.client() as http:
            assert (await http.get(log)).status_code == 404
            await drone.advance(5)
            assert (await http.get(log)).json()[0]["out"] == "up"

        await drone.advance(10)
        assert [(step.status, step.exit_code) for step in build.stages[0].steps] == [("success", 0), ("success", 0)]


async def test_ignored_forks_start_no_build(tmp_path: Path) -> None:
    hook = {
        "action": "opened",
        "number": 1,
        "repository": {"full_name": "octo/hello"},
        "pull_request": {"head": {"ref": "x", "sha": "b" * 40, "repo": {"full_name": "mallory/hello"}}},
    }
    async with running_simulator(_scenario(tmp_path, SLOW)) as drone:
        await _set(drone, ignore_forks=True)
        async with drone.client("") as http:
            answer = await http.post("/hook", json=hook, headers={"x-gitea-event": "pull_request"})

        assert answer.json() is None


# -- webhooks


@pytest.mark.parametrize(("pipeline", "status"), [("{error: bad yaml}", 500), (SLOW, 200)])
async def test_a_lost_webhook_fails_the_request_only_if_the_build_has_a_trigger_error(
    tmp_path: Path, pipeline: str, status: int
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    sender = WebhookSender(("http://down/hook",), "key", transport=httpx.MockTransport(refuse))
    async with running_simulator(_scenario(tmp_path, pipeline), webhooks=sender) as drone:
        answers = [await _post(drone, path) for path in ("/builds", "/builds/1")]

        assert [answer.status_code for answer in answers] == [status, status]
        assert len(drone.world.builds) == 2
        if status == 500:
            assert answers[1].json() == {"message": 'Post "http://down/hook": connection refused'}
