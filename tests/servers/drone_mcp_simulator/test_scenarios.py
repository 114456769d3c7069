"""Scenario files: their content, the messages about mistakes, and the shipped scenarios."""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_mcp_simulator.scenarios import ScenarioError
from drone_mcp_simulator import scenario_loading
from drone_mcp_simulator.scenario_loading import load
from support.simulator import running_simulator

if TYPE_CHECKING:
    from drone_mcp_simulator.records import Build
    from drone_mcp_simulator.world import World

SHORTEST = """
users: [{login: octo, token: t, admin: true}]
repos: [{slug: octo/hello, branches: {main: {pipeline: {steps: [test]}}}}]
"""
STORY = (
    SHORTEST
    + """
builds: [{repo: octo/hello, at: -1h}]
timeline:
  - {at: 10, build: {repo: octo/hello, pipeline: {clone: false, steps: [{name: long, duration: 5m, log: "1\\n2\\n"}]}}}
  - {at: 30, cancel: {repo: octo/hello, build: 2}}
  - {at: 40, restart: {repo: octo/hello, build: 1}}
  - {at: 50, promote: {repo: octo/hello, build: 1, target: staging}}
  - {at: 60, fault: {kind: status, status: 500}}
  - {at: 70, heal: true}
"""
)


def _write(folder: Path, text: str) -> str:
    path = folder / "scenario.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def _builds(world: World) -> list[tuple[int, str, str]]:
    return [(build.number, build.event, build.status) for build in world.builds.values()]


def _only(world: World) -> Build:
    (build,) = world.builds.values()
    return build


def test_a_short_scenario_is_enough(tmp_path: Path) -> None:
    world = load(_write(tmp_path, SHORTEST + "builds: [{repo: octo/hello, at: -1m}]"))

    build = _only(world)
    assert (build.status, build.ref, build.trigger) == ("success", "refs/heads/main", "@hook")
    assert [step.name for step in build.stages[0].steps] == ["clone", "test"]


async def test_a_stage_is_killed_at_the_time_limit_of_its_repository(tmp_path: Path) -> None:
    text = SHORTEST.replace("octo/hello,", "octo/hello, timeout: 90,").replace("[test]", "[{name: test, duration: 5h}]")
    async with running_simulator(_write(tmp_path, text + "builds: [{repo: octo/hello}]")) as drone:
        await drone.advance(89 * 60)
        build = _only(drone.world)
        assert build.status == "running"

        await drone.advance(2 * 60)
        step = build.stages[0].steps[1]
        assert (build.status, build.stages[0].exit_code, step.status, step.exit_code) == ("killed", 137, "killed", 137)


async def test_the_time_line_happens_as_the_clock_goes_on(tmp_path: Path) -> None:
    async with running_simulator(_write(tmp_path, STORY)) as drone:
        world = drone.world
        assert _builds(world) == [(1, "push", "success")]
        await drone.advance(20)
        assert _builds(world)[1:] == [(2, "push", "running")]
        await drone.advance(35)
        assert _builds(world)[1:] == [(2, "push", "killed"), (3, "push", "success"), (4, "promote", "success")]
        await drone.advance(10)
        assert len(world.faults.list_active()) == 1
        await drone.advance(10)
        assert not world.faults.list_active()


async def test_what_cannot_happen_any_more_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = SHORTEST + "timeline: [{at: 5, cancel: {repo: octo/hello, build: 9}}]"
    async with running_simulator(_write(tmp_path, text)) as drone:
        await drone.advance(10)

    assert "at 5 s: sql: no rows in result set" in caplog.text


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("users: [", "not YAML"),
        ("users: " + "9" * 5000, "not YAML"),
        ("users: 2026-13-45", "not YAML"),
        ("users: []", "users: List should have at least 1 item"),
        (SHORTEST + "bilds: []", "bilds: Extra inputs are not permitted"),
        (SHORTEST + "builds: [{repo: hello}]", "builds.0.repo: String should match pattern"),
        (
            SHORTEST + "builds: [{repo: octo/hello, at: soon}]",
            "builds.0.at: Value error, a time is a number of seconds",
        ),
        (SHORTEST + "builds: [{repo: octo/other}]", "'octo/other' is not among the repos: octo/hello"),
        (SHORTEST + "builds: [{repo: octo/hello, branch: nope}]", "octo/hello: no branch 'nope'"),
        (SHORTEST + "builds: [{repo: octo/hello, pipeline: nope}]", "no pipeline 'nope'; there are none"),
        (
            SHORTEST + "pipelines: {p: {steps: [a], skip: true}}",
            "exactly one of stages, steps, error, skip and missing",
        ),
        (SHORTEST + "pipelines: {p: [{steps: [{name: a, log: {file: no.log}}]}]}", "log 'no.log' cannot be read"),
        (SHORTEST + "pipelines: {p: [{steps: [{name: a, log: {}}]}]}", "exactly one of text, file, package"),
        (SHORTEST + "timeline: [{at: 1}]", "exactly one thing that happens"),
        (SHORTEST + "timeline: [{at: -9, cancel: {repo: octo/hello, build: 3}}]", "at -9 s: sql: no rows"),
        (
            SHORTEST + "timeline: [{at: 1, restart: {repo: octo/hello, build: 1, user: x}}]",
            "'x' is not among the users: octo",
        ),
        (SHORTEST + "faults: [{kind: fire}]", "fault: kind: Input should be"),
        (SHORTEST.replace("hello, ", "hello, permissions: {x: read}, "), "octo/hello: 'x' is not among the users"),
        (SHORTEST.replace("admin: true", "admin: false"), "needs an owner"),
    ],
)
def test_a_mistake_is_reported_with_its_place(tmp_path: Path, text: str, reported: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load(_write(tmp_path, text))

    assert reported in str(error.value)


def test_an_unknown_scenario_is_reported_with_those_there_are() -> None:
    with pytest.raises(ScenarioError, match=r"no scenario 'nope': .* one of big, demo, failures, forge, golden"):
        load("nope")


def test_a_log_may_lie_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "step.log").write_bytes(b"caf\xc3\xa9 \xff\r\n")
    step = "{name: test, log: {file: step.log}}"
    text = SHORTEST.replace("steps: [test]", f"clone: false, steps: [{step}]")

    world = load(_write(tmp_path, text + "builds: [{repo: octo/hello, at: -1m}]"))

    stored = json.loads(world.logs[_only(world).stages[0].steps[0].id])
    assert stored == [{"pos": 0, "out": "café \ufffd\r\n", "time": 0}]


@pytest.mark.parametrize(
    ("log", "stored"), [("{blob: ''}", b""), ("{blob: 'null'}", b"null"), ("{text: ''}", b"null\n")]
)
def test_odd_uploads_are_stored_as_they_are(tmp_path: Path, log: str, stored: bytes) -> None:
    step = f"{{name: test, log: {log}}}"
    text = SHORTEST.replace("steps: [test]", f"clone: false, steps: [{step}]")

    world = load(_write(tmp_path, text + "builds: [{repo: octo/hello, at: -1m}]"))

    assert list(world.logs.values()) == [stored]


def test_steps_run_as_a_graph_once_one_names_what_it_depends_on(tmp_path: Path) -> None:
    steps = "[{name: a, duration: 60}, {name: b, duration: 60}, {name: c, depends_on: [a, b]}]"
    text = SHORTEST.replace("steps: [test]", f"clone: false, steps: {steps}")

    world = load(_write(tmp_path, text + "builds: [{repo: octo/hello, at: -30}]"))

    assert [step.status for step in _only(world).stages[0].steps] == ["running", "running", "pending"]


def test_exit_code_78_skips_the_rest_and_is_success(tmp_path: Path) -> None:
    steps = "[{name: a, exit_code: 78}, b]"
    text = SHORTEST.replace("steps: [test]", f"clone: false, steps: {steps}")

    build = _only(load(_write(tmp_path, text + "builds: [{repo: octo/hello, at: -1m}]")))

    assert (build.status, [step.status for step in build.stages[0].steps]) == ("success", ["success", "skipped"])


@pytest.mark.parametrize(
    ("more", "ref", "event"),
    [
        ("event: pull_request, pull: 7, title: T", "refs/pull/7/head", "pull_request"),
        ("event: tag, tag: v2", "refs/tags/v2", "tag"),
        ("event: cron, cron: nightly", "refs/heads/main", "cron"),
        ("event: custom, sender: octo", "refs/heads/main", "custom"),
    ],
)
def test_builds_of_every_event(tmp_path: Path, more: str, ref: str, event: str) -> None:
    build = _only(load(_write(tmp_path, SHORTEST + f"builds: [{{repo: octo/hello, at: -1m, {more}}}]")))

    assert (build.ref, build.event) == (ref, event)


@pytest.mark.parametrize("name", scenario_loading.shipped())
def test_a_shipped_scenario_loads_and_says_what_it_is(name: str) -> None:
    assert scenario_loading.read(name).description
    assert load(name).users


@pytest.mark.parametrize("name", scenario_loading.shipped())
async def test_two_worlds_of_a_scenario_are_equal(name: str) -> None:
    first, second = load(name), load(name)

    assert [build.to_json() for build in first.builds.values()] == [build.to_json() for build in second.builds.values()]
    assert first.logs == second.logs


LOGS = Path(str(resources.files("drone_mcp_simulator"))) / "scenarios" / "logs"


@pytest.mark.parametrize("path", sorted(LOGS.glob("*.labels.json")), ids=lambda path: path.name)
def test_the_labels_of_a_real_log_fit_it(path: Path) -> None:
    labels = json.loads(path.read_text(encoding="utf-8"))
    lines = (LOGS / labels["log"]).read_bytes().decode().split("\n")
    key = labels["key_line"]

    assert len(lines) - labels["lines"] in {0, not lines[-1]}
    assert labels["failure"]["first"] <= key["number"] <= labels["failure"]["last"]
    assert key["text"] in lines[key["number"] - 1]
    assert f"`{labels['log']}`" in (LOGS / "ATTRIBUTION.md").read_text(encoding="utf-8")


def test_the_failing_log_of_the_demo_is_a_real_one_with_its_labels() -> None:
    folder = Path(str(resources.files("drone_mcp_simulator"))) / "scenarios" / "logs"
    raw = (folder / "angular.log").read_bytes()
    labels = json.loads((folder / "angular.labels.json").read_text(encoding="utf-8"))
    lines = raw.decode().split("\n")

    assert hashlib.sha256(raw).hexdigest() == "486b6d4552dacc90636c69e8e6315379174d58dc381d546f4bde9f3ab7aeb582"
    assert len(lines) == labels["lines"]
    assert labels["key_line"]["text"] in lines[labels["key_line"]["number"] - 1]
    assert "CC BY 4.0" in (folder / "ATTRIBUTION.md").read_text(encoding="utf-8")


def test_the_big_log_begins_in_the_middle() -> None:
    world = load("big")

    stored = json.loads(next(iter(world.logs.values())))
    assert stored[0]["pos"] > 0
    assert 5_200_000 < sum(len(line["out"]) for line in stored) <= 5 * 1024 * 1024
