"""The next step after a build: a call that exists and helps, and never a wait for what will not come."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from drone_mcp_build.stall_detection import Outlook, outlook_of
from drone_mcp_builds.build_summary import summarise
from drone_mcp_client.models import Build
from drone_mcp_client.status import is_final
from drone_mcp_config.installation.reading import read_installation
from support.captured_builds import answers
from support.installed import package_folder
from support.made_builds import T0, any_builds, made_build, made_stage, made_step

if TYPE_CHECKING:
    from drone_mcp_builds.views import BuildView

CAPTURES = Path(__file__).with_name("captures")  # of a real Drone 2.25.0
NOW = T0 + 120
TOOLS = {tool.name for manifest in read_installation().values() for tool in manifest.tools}


def reported(build: dict[str, Any], now: int = NOW, limit: int = 0) -> BuildView:
    return summarise(Build.model_validate(build), "octo/hello", "https://drone.example.com", now, limit=limit)


def captured(name: str) -> BuildView:
    (file,) = CAPTURES.glob(f"{name}_*.json")
    answer = json.loads(file.read_text(encoding="utf-8"))
    return reported(json.loads(answer["response"]["body_text"]), T0 + 10**6)


def check(build: Build, now: int) -> None:
    step = summarise(build, "octo/hello", "https://drone.example.com", now).next_step
    named = set(re.findall(r"drone_\w+", step))
    assert named <= TOOLS
    for tool in named - {"drone_list_builds"}:
        assert f"{tool} with number {build.number}" in step
    moves = not is_final(build.status) and outlook_of(build, now) is Outlook.MOVES
    assert ("drone_wait_for_build" in step) == moves
    assert "Read the log" not in step


@given(any_builds)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=100)
def test_a_next_step_names_tools_that_exist_with_their_arguments_and_waits_only_for_what_comes(build: Build) -> None:
    check(build, NOW)


def test_so_it_is_for_every_captured_build() -> None:
    for build in answers():
        check(build, T0 + 10**6)


def test_the_tools_that_next_steps_name_exist() -> None:
    file = package_folder("builds") / "next_tools.json"
    assert set(json.loads(file.read_text(encoding="utf-8")).values()) <= TOOLS


STAGES_DONE = (made_stage(1, "lint"), made_stage(2, "test"))


@pytest.mark.parametrize(
    ("stages", "outlook", "words"),
    [
        (
            (*STAGES_DONE, made_stage(3, "deploy", "blocked")),
            Outlook.HELD,
            "drone_approve_build with number 5 and stage 3",
        ),
        (
            (made_stage(1, "a", "blocked"), made_stage(2, "b", "blocked")),
            Outlook.HELD,
            "nothing runs until then. To approve: drone_approve_build with number 5",
        ),
        ((made_stage(1, "a", "running"), made_stage(2, "b", "blocked")), Outlook.MOVES, "drone_wait_for_build"),
        (
            (*STAGES_DONE, made_stage(3, "deploy", "waiting_on_dependencies", depends_on=["test"])),
            Outlook.STUCK,
            "Do not wait: what is left of it never starts",
        ),
        (
            (made_stage(1, "a", "running"), made_stage(2, "b", "waiting_on_dependencies", depends_on=["a"])),
            Outlook.MOVES,
            "drone_wait_for_build",
        ),
        (
            (made_stage(1, "a", "blocked"), made_stage(2, "b", "waiting_on_dependencies", depends_on=["a"])),
            Outlook.HELD,
            "drone_approve_build with number 5 and stage 1",
        ),
    ],
)
def test_a_build_that_does_not_go_on_by_itself_is_not_waited_for(stages: Any, outlook: Outlook, words: str) -> None:
    build = made_build(5, "running", *stages)
    assert outlook_of(Build.model_validate(build), NOW) is outlook
    assert words in reported(build).next_step


@pytest.mark.parametrize(
    ("more", "reason", "given_up"),
    [
        ({"limit": 1}, "older stages of its name in this repository to end (its concurrency limit is 1)", False),
        ({"throttle": 2}, "older stages of this repository to end (the repository's throttle is 2)", False),
        ({}, "Drone does not say why it waits (all such runners may be busy, none may exist, or the queue", True),
        ({"type": ""}, "needs a runner of an unknown type, linux/amd64; Drone does not say why", True),
        ({"machine": "r1"}, "runner 'r1' has taken it and has not started it", True),
    ],
)
def test_a_pending_stage_is_reported_with_its_reason_or_as_unexplained_and_not_waited_for_for_ever(
    more: dict[str, Any], reason: str, given_up: bool
) -> None:
    build = made_build(5, "pending", made_stage(1, "ci", "pending", created=T0, updated=T0) | more)
    assert reason in reported(build).headline
    assert "drone_wait_for_build" in reported(build).next_step
    assert ("Do not go on waiting" in reported(build, T0 + 600).next_step) == given_up


def test_what_was_approved_too_late_is_told_to_never_start() -> None:
    view = captured("269")
    assert "but stage 3 'c' will never start" in view.headline
    assert view.next_step.startswith("Do not wait")


def test_what_the_runner_could_not_run_has_no_log_to_read() -> None:
    view = captured("238")
    assert view.next_step == (
        "Correct what the error names, in most cases in the pipeline file, and push. The step has no log"
    )
    text = json.dumps(view.model_dump())
    assert text.count("pull access denied") == 2, "in the sentence, and as the first failure's error"
    lost = made_step(1, "fetch", "error", exit_code=255, error="dial tcp: i/o timeout")
    assert (
        "drone_restart_build with number 5"
        in reported(made_build(5, "error", made_stage(1, "ci", "error", lost, error="dial tcp: i/o timeout"))).next_step
    )


def test_a_green_build_in_which_nothing_ran_is_reported_as_that() -> None:
    view = captured("230")
    assert view.headline.endswith("but no step ran: all 2 steps were skipped")
    assert view.stages[0].steps[0].note == "its condition was not met, or it waits for a step that waits for it"


def test_blocked_stages_of_a_declined_build_are_still_open() -> None:
    declined, cancelled = captured("274"), captured("277")
    assert "Stages that are still blocked (2, 4, 5, 6, 7) can still be approved" in declined.next_step
    assert "still open to approval" in declined.headline
    assert "approved" not in cancelled.next_step


def test_a_build_that_ran_into_its_time_limit_is_not_told_to_look_for_a_newer_one() -> None:
    view = reported(
        json.loads(json.loads((CAPTURES / "281_build_timeout.json").read_text())["response"]["body_text"]), limit=60
    )
    assert view.headline.endswith("It ran 60 s, and the repository's limit is 60 s")
    assert view.next_step == "drone_diagnose_build with number 1 shows what ran when the time was up"


def test_a_running_build_that_a_newer_one_replaced_was_stopped_and_not_taken_out_of_the_queue() -> None:
    step = made_step(1, "test", "killed", exit_code=130)
    view = reported(made_build(5, "skipped", made_stage(1, "ci", "killed", step, exit_code=130)))
    assert view.headline.startswith("skipped: Drone's automatic cancel stopped it during step 1 'test'")
    assert view.first_failure is None


def test_hundreds_of_skipped_steps_are_counted() -> None:
    steps = [made_step(1, "test", "failure", exit_code=1), *(made_step(n, f"s{n}", "skipped") for n in range(2, 301))]
    (stage,) = reported(made_build(5, "failure", made_stage(1, "ci", "failure", *steps))).stages
    assert (len(stage.steps), stage.folded) == (1, "299 skipped")
