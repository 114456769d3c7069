"""Which branches are red, and since when."""

from __future__ import annotations

from typing import Any

import pytest

from drone_mcp_client.models import Build
from drone_mcp_status.red_builds import red_refs, waiting_build
from support.made_builds import T0, failing_build, made_build, made_stage, made_step

SERVER = "https://drone.example.com"


def newest_first(*builds: dict[str, Any]) -> list[Build]:
    return [Build.model_validate(build) for build in reversed(builds)]


def red(*builds: dict[str, Any]) -> dict[str, tuple[int, int, bool]]:
    """Return ref -> the newest red build, the first one, and whether that is known to be the first."""
    found = red_refs("octo/hello", newest_first(*builds), SERVER)
    return {one.build.ref: (one.build.number, one.first, one.is_exact) for one in found}


def test_a_branch_is_red_since_the_first_failure_after_its_last_success() -> None:
    builds = [made_build(1, "failure"), made_build(2), made_build(3, "failure"), made_build(4, "error")]
    (one,) = red_refs("octo/hello", newest_first(*builds), SERVER)
    assert (one.build.number, one.first, one.since, one.is_exact) == (4, 3, T0 + 3, True)


def test_without_a_known_success_it_may_have_been_red_for_longer() -> None:
    assert red(made_build(3, "failure"), made_build(4, "failure")) == {"main": (4, 3, False)}


def test_a_green_branch_is_not_red() -> None:
    assert red(made_build(1, "failure"), made_build(2)) == {}


@pytest.mark.parametrize("status", ["killed", "skipped", "declined", "running", "pending"])
def test_a_build_that_was_stopped_or_has_not_ended_changes_nothing(status: str) -> None:
    assert red(made_build(1), made_build(2, status)) == {}
    assert red(made_build(1), made_build(2, "failure"), made_build(3, status)) == {"main": (2, 2, True)}


def test_each_ref_and_each_target_is_judged_by_itself() -> None:
    found = red(
        made_build(1),
        made_build(2, "failure", ref="refs/heads/topic", target="topic"),
        made_build(3, "failure", event="pull_request", ref="refs/pull/7/head"),
        made_build(4, "failure", event="tag", ref="refs/tags/v1"),
        made_build(5, "failure", event="promote", deploy_to="production"),
        made_build(6),
    )
    assert found == {
        "topic": (2, 2, False),
        "pull request 7": (3, 3, False),
        "tag v1": (4, 4, False),
        "deployment to production": (5, 5, False),
    }


def test_a_red_build_names_the_step_that_failed_first_and_links_to_drone() -> None:
    (one,) = red_refs("octo/hello", newest_first(failing_build()), f"{SERVER}")
    assert (one.build.step, one.build.url) == ("default/test", f"{SERVER}/octo/hello/41")


def test_a_name_cannot_lead_the_link_elsewhere() -> None:
    (one,) = red_refs('octo/h"?x#y', newest_first(failing_build()), SERVER)
    assert one.build.url == f"{SERVER}/octo/h%22%3Fx%23y/41"


@pytest.mark.parametrize(
    ("build", "waits_for", "since"),
    [
        (made_build(7, "pending", made_stage(1, "build", "blocked")), "approval", T0 + 7),
        (made_build(7, "pending", made_stage(1, "build", "pending")), "runner", T0 + 7),
        (made_build(7, "running", made_stage(1, "build", "running")), "steps", T0 + 7),
    ],
)
def test_a_build_waits_for_a_person_a_runner_or_its_steps(build: dict[str, Any], waits_for: str, since: int) -> None:
    found = waiting_build("octo/hello", Build.model_validate(build), SERVER)
    assert found
    assert (found.waits_for, found.since) == (waits_for, since)


def test_a_running_build_names_the_step_that_runs() -> None:
    steps = made_step(1, "compile"), made_step(2, "test", "running"), made_step(3, "publish", "pending")
    build = made_build(7, "running", made_stage(1, "build", "running", *steps))
    found = waiting_build("octo/hello", Build.model_validate(build), SERVER)
    assert found
    assert found.build.step == "build/test"


def test_a_finished_build_waits_for_nothing() -> None:
    assert waiting_build("octo/hello", Build.model_validate(made_build(7)), SERVER) is None
