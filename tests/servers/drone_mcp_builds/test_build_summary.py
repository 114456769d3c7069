"""A build is shown by its headline, its first failure and its stage tree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from drone_mcp_build.stall_detection import POSSIBLE_REASONS
from drone_mcp_builds.build_summary import ANSWER_TOKENS, size_of, summarise
from drone_mcp_builds.failure_description import find_notable_failures
from drone_mcp_client.models import Build
from support.made_builds import T0, any_builds, failing_build, made_build, made_stage, made_step

if TYPE_CHECKING:
    from drone_mcp_builds.views import BuildView

FIXTURES = Path(__file__).parents[2] / "fixtures" / "drone-2.25.0"
NOW = T0 + 300
CANCELLED = "Drone cancelled it: a person did, or a newer build replaced it"
NOBODY_KNOWS = "Drone does not say who or what stopped it (a person, automatic cancel or a time limit)"


def reported(data: dict[str, Any]) -> BuildView:
    return summarise(Build.model_validate(data), "octo/hello", "https://drone.example.com", NOW)


def captured(name: str) -> BuildView:
    answer = json.loads((FIXTURES / name).read_text(encoding="utf-8"))
    return reported(json.loads(answer["response"]["body_text"]))


@pytest.mark.parametrize(
    ("name", "headline"),
    [
        ("043_build_success.json", "succeeded in 0 s: 1 step passed in 1 stage"),
        ("047_build_failure.json", "failed: step 3 'fail' of stage 1 'default' exited with 3"),
        (
            "035_build_error.json",
            "ended with an error before it started: yaml: line 2: did not find expected ',' or ']'; no step ran",
        ),
        (
            "081_build_blocked.json",
            "waiting for approval: stage 1 'default' will not run until a repository administrator approves",
        ),
        (
            "085_build_declined.json",
            "declined: stage 2 'two' was refused approval; still open to approval: stage 1 'one', stage 3 'three'",
        ),
        (
            "060_build_after_cancel.json",
            f"killed after 7 s during step 1 'tick' of stage 1 'default'. {CANCELLED}",
        ),
        (
            "071_build_cancel_pending.json",
            f"killed before any step started. {NOBODY_KNOWS}",
        ),
        ("054_build_running.json", "running for 4 min 56 s: step 1 'tick' of stage 1 'default' for 4 min 56 s"),
        (
            "070_build_waiting.json",
            (
                "pending for 4 min 38 s: stage 1 'one' needs exec runner, linux/s390x; "
                f"Drone does not say why it waits ({POSSIBLE_REASONS})"
            ),
        ),
    ],
)
def test_a_captured_build_is_reported_in_one_sentence(name: str, headline: str) -> None:
    assert captured(name).headline == headline


def test_the_first_failure_is_the_first_in_time_and_not_by_number() -> None:
    early = made_stage(2, "lint", "failure", made_step(1, "ruff", "failure", exit_code=1, stopped=T0 + 5))
    late = made_stage(1, "test", "failure", made_step(1, "pytest", "failure", exit_code=2, stopped=T0 + 50))
    view = reported(made_build(41, "failure", late, early))
    assert view.headline == "failed: step 1 'ruff' of stage 2 'lint' exited with 1 (first of 2 failures)"
    assert view.first_failure
    assert (view.first_failure.stage, view.first_failure.step, view.first_failure.exit_code) == (2, 1, 1)
    assert "drone_get_build_logs with number 41, stage 2 and step 1" in view.next_step


def test_an_ignored_failure_is_neither_first_nor_hidden() -> None:
    lint = made_step(1, "lint", "failure", exit_code=1, errignore=True)
    view = reported(made_build(41, "success", made_stage(1, "default", "success", lint, made_step(2, "test"))))
    assert view.first_failure is None
    assert view.headline == (
        "succeeded in 1 min 0 s: 1 step passed in 1 stage; a failure is ignored in step 1 'lint' of stage 1 'default'"
    )
    assert view.stages[0].steps[0].note == "its failure is ignored"


def test_a_stage_that_fails_before_its_steps_gives_its_error() -> None:
    stage = made_stage(1, "default", "error", error="cannot create namespace", exit_code=255)
    view = reported(made_build(41, "error", stage))
    assert view.headline == (
        "ended with an error: stage 1 'default' failed without a failed step: cannot create namespace"
    )
    assert view.first_failure
    assert view.first_failure.step is None
    assert "no log" in view.next_step


def test_a_step_that_could_not_run_gives_its_error_and_no_exit_code() -> None:
    broken = made_step(1, "build", "error", exit_code=255, error="pull access denied for octo/image")
    view = reported(made_build(41, "error", made_stage(1, "default", "error", broken)))
    assert "step 1 'build' of stage 1 'default' could not be run: pull access denied" in view.headline
    assert view.stages[0].steps[0].exit_code is None


def test_what_failed_before_a_build_was_killed_is_reported() -> None:
    steps = (made_step(1, "test", "failure", exit_code=1), made_step(2, "always", "killed", exit_code=130))
    view = reported(made_build(41, "killed", made_stage(1, "default", "killed", *steps)))
    assert "before that, step 1 'test' of stage 1 'default' exited with 1" in view.headline
    assert view.first_failure
    assert view.first_failure.step == 1


def test_a_running_build_that_has_failed_already_says_so() -> None:
    steps = (made_step(1, "test", "failure", exit_code=1), made_step(2, "report", "running"))
    view = reported(made_build(41, "running", made_stage(1, "default", "running", *steps)))
    assert view.headline.startswith("running for 4 min 19 s: step 2 'report' of stage 1 'default' for 4 min 50 s")
    assert view.headline.endswith("already failed: step 1 'test' of stage 1 'default' exited with 1")
    assert view.next_step == "Call drone_wait_for_build with number 41 to learn how it ends"


def test_skipped_steps_and_stages_say_why() -> None:
    first = made_stage(
        1, "test", "failure", made_step(1, "test", "failure", exit_code=1), made_step(2, "up", "skipped")
    )
    then = made_stage(2, "deploy", "skipped", depends_on=["test"])
    lone = made_stage(1, "notify", "skipped", on_success=False, on_failure=True)
    view = reported(made_build(41, "failure", first, then))
    assert view.stages[0].steps[1].note == "step 1 failed"
    assert view.stages[1].note == "not run because of stage 1 'test'"
    assert reported(made_build(42, "success", lone)).stages[0].note == (
        "runs only after a failure, and nothing before it failed"
    )
    assert captured("068_build_multi.json").stages[2].note == "runs only after a failure, and nothing before it failed"
    assert captured("060_build_after_cancel.json").stages[0].steps[1].note == "not started when the stage was stopped"


def test_a_step_that_ends_its_stage_on_purpose_is_explained() -> None:
    steps = (made_step(1, "changes", exit_code=78), made_step(2, "build", "skipped"))
    view = reported(made_build(41, "success", made_stage(1, "default", "success", *steps)))
    assert view.stages[0].steps[0].note == "ended the stage early on purpose (exit code 78)"
    assert view.stages[0].steps[0].exit_code == 78
    assert view.stages[0].steps[1].note == "an earlier step ended the stage"


def test_a_step_skipped_by_its_condition_is_distinguished_from_one_after_a_failure() -> None:
    steps = (made_step(1, "test"), made_step(2, "publish", "skipped"))
    view = reported(made_build(41, "success", made_stage(1, "default", "success", *steps)))
    assert view.stages[0].steps[1].note == "its condition was not met"
    assert view.stages[0].steps[1].seconds is None


def test_a_stage_that_waits_names_what_for() -> None:
    waiting = captured("070_build_waiting.json").stages[1]
    assert (waiting.status, waiting.waits_for, waiting.note) == ("waiting_on_dependencies", ("one",), "")


def test_a_stage_approved_too_late_is_said_to_wait_for_nothing() -> None:
    late = made_stage(2, "deploy", "waiting_on_dependencies", depends_on=["test"])
    view = reported(made_build(41, "running", made_stage(1, "test", "success"), late))
    assert "it never starts" in view.stages[1].note


def test_a_pending_stage_names_the_runner_it_needs() -> None:
    stage = made_stage(1, "default", "pending", labels={"zone": "eu"}, arch="arm64")
    view = reported(made_build(41, "pending", stage))
    assert view.stages[0].note == "needs docker runner, linux/arm64, labels zone=eu; Drone does not say why it waits"
    taken = reported(made_build(41, "pending", made_stage(1, "default", "pending", machine="runner-7")))
    assert "runner 'runner-7' has taken it and has not started it" in taken.headline


def test_a_stage_that_is_to_follow_waits_for_a_runner_too() -> None:
    stages = (made_stage(1, "test"), made_stage(2, "deploy", "pending"))
    view = reported(made_build(41, "running", *stages))
    assert view.headline == (
        "running for 4 min 19 s, now pending: stage 2 'deploy' needs docker runner, linux/amd64; Drone does not say "
        "why it waits (all such runners may be busy, none may exist, or the queue may be paused)"
    )


def test_a_step_killed_in_a_failed_build_is_its_failure() -> None:
    slow = made_step(1, "soak", "killed", exit_code=137, stopped=T0 + 3 * 3600)
    view = reported(made_build(41, "failure", made_stage(1, "default", "killed", slow)))
    assert view.headline == "failed: step 1 'soak' of stage 1 'default' was killed"
    assert view.first_failure
    assert view.first_failure.exit_code is None


def test_a_long_build_is_reported_in_hours() -> None:
    view = reported(made_build(41, "success", made_stage(1, "default"), started=T0, finished=T0 + 7260))
    assert view.headline == "succeeded in 2 h 1 min"


def test_a_declined_build_that_had_begun_has_no_duration() -> None:
    view = reported(made_build(41, "declined", made_stage(1, "one", "declined"), finished=0))
    assert view.seconds is None
    assert view.stages[0].seconds is None


def test_a_running_build_with_a_blocked_stage_says_that_it_waits() -> None:
    view = reported(made_build(41, "running", made_stage(1, "one", "running"), made_stage(2, "two", "blocked")))
    assert view.headline.endswith("no step at this moment; waiting for approval: stage 2 'two'")


def test_an_automatic_cancel_is_reported_as_such() -> None:
    view = reported(made_build(41, "skipped", made_stage(1, "default", "skipped")))
    assert "automatic cancel" in view.headline
    assert view.stages[0].note == "the build was skipped before it started"


def test_a_failure_that_drone_does_not_explain_is_reported_as_such() -> None:
    view = reported(made_build(41, "failure", made_stage(1, "default")))
    assert view.headline == "failed; Drone does not say at what"
    assert view.next_step == "No step failed in it: drone_diagnose_build with number 41 shows what its stages say"


def test_a_status_of_a_later_drone_is_reported_as_it_is() -> None:
    assert reported(made_build(41, "paused")).headline == "Drone calls its status 'paused', which is not known here"


def test_a_pull_request_of_a_fork_names_number_target_and_source() -> None:
    view = reported(
        made_build(
            41,
            event="pull_request",
            ref="refs/pull/7/head",
            source="fix",
            source_repo="mona/hello",
            title="Fix it",
        )
    )
    assert (view.pull_request, view.branch, view.about["source"]) == (7, "main", "mona/hello:fix")
    assert view.title == "Fix it"


@pytest.mark.parametrize(
    ("ref", "number"),
    [
        ("refs/pull/12/head", 12),
        ("refs/pull/12/merge", 12),
        ("refs/merge-requests/3/head", 3),
        ("refs/pull-requests/9/from", 9),
        ("refs/pull/x/head", None),
        ("refs/heads/refs/pull/1", None),
    ],
)
def test_the_number_of_a_pull_request_is_read_from_its_ref(ref: str, number: int | None) -> None:
    assert reported(made_build(41, event="pull_request", ref=ref)).pull_request == number


def test_what_only_some_builds_have_is_reported_where_it_is() -> None:
    view = reported(
        made_build(41, event="promote", parent=40, deploy_to="production", trigger="hubot", ref="refs/tags/v1.2")
    )
    assert view.tag == "v1.2"
    assert view.about == {
        "parent": "40",
        "deploy_to": "production",
        "started_by": "hubot",
        "commit_page": "https://git.example.com/octo/hello/commit/0123456789abcdef0123456789abcdef01234567",
    }
    assert reported(made_build(41, event="cron", cron="nightly", link="")).about == {"cron": "nightly"}
    assert view.page == "https://drone.example.com/octo/hello/41"


def test_parameters_are_few_and_those_named_like_secrets_stay_hidden() -> None:
    params = {f"P{n}": "x" * 500 for n in range(20)} | {"DEPLOY_TOKEN": "abc", "A_PASSWORD": "short"}
    view = reported(made_build(41, params=params))
    assert view.params["DEPLOY_TOKEN"] == view.params["A_PASSWORD"] == "[redacted]"
    assert max(len(value) for value in view.params.values()) == 60
    assert (len(view.params), view.left_out) == (8, "14 parameters not listed")


def test_times_are_utc_and_durations_whole_seconds() -> None:
    view = reported(failing_build())
    assert (view.created, view.seconds) == ("2026-11-21T09:57:21Z", 60)
    assert [step.seconds for step in view.stages[0].steps] == [10, 10, 10, None]


def test_a_build_of_sixty_steps_fits_the_budget_and_shows_every_step() -> None:
    steps = [made_step(n, f"package-{n:02}-unit-tests") for n in range(1, 60)]
    steps.append(made_step(60, "publish", "failure", exit_code=1))
    view = reported(made_build(41, "failure", made_stage(1, "default", "failure", *steps)))
    assert size_of(view) <= ANSWER_TOKENS
    assert len(view.stages[0].steps) == 60


def test_a_build_too_large_to_list_folds_what_passed_and_keeps_what_failed() -> None:
    steps = [made_step(n, "a rather long name of a step in a matrix build " + "x" * n) for n in range(1, 151)]
    steps.append(made_step(151, "publish", "failure", exit_code=1))
    view = reported(made_build(41, "failure", made_stage(1, "default", "failure", *steps)))
    assert size_of(view) <= ANSWER_TOKENS
    assert [step.name for step in view.stages[0].steps] == ["publish"]
    assert view.stages[0].folded == "150 success"


def test_the_largest_build_that_can_be_made_fits_the_budget() -> None:
    steps = [made_step(n, "n" * 200, "failure", exit_code=1, error="e" * 500) for n in range(1, 101)]
    stages = [made_stage(n, "s" * 200, "failure", *steps, error="e" * 500) for n in range(1, 101)]
    wide = dict.fromkeys(("message", "author_login", "target", "source", "source_repo", "cron", "deploy_to"), "w" * 500)
    params = {f"{n}" + "p" * 200: "v" * 500 for n in range(50)}
    view = reported(made_build(41, "failure", *stages, event="pull_request", params=params, link="l" * 900, **wide))
    assert size_of(view) <= ANSWER_TOKENS
    assert view.left_out == "96 stages not listed: 96 failure; 42 parameters not listed"
    assert view.stages[0].folded == "99 failure"


@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(any_builds)
def test_any_build_fits_the_budget_and_its_headline_names_the_first_failure(build: Build) -> None:
    view = summarise(build, "octo/hello", "https://drone.example.com", NOW)
    assert size_of(view) <= ANSWER_TOKENS
    assert view.headline
    assert "\n" not in view.headline
    found = find_notable_failures(build)
    assert bool(found) == (view.first_failure is not None)
    if found and build.status in {"failure", "error", "running"}:
        place = f"stage {found[0].stage.number} '"
        assert place in view.headline


@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(any_builds)
def test_every_stage_and_step_is_shown_or_counted(build: Build) -> None:
    view = summarise(build, "octo/hello", "https://drone.example.com", NOW)
    assert bool(view.left_out) or len(view.stages) == len(build.stages) or len(build.params) > 8
    steps = {stage.number: len(stage.steps) for stage in build.stages}
    for stage in view.stages:
        assert bool(stage.folded) == (len(stage.steps) < steps[stage.stage])
