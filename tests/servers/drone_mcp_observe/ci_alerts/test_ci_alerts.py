"""The alert rules on a simulated Drone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_kit.token_count import count_tokens
from drone_mcp_state import open_store

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3_600


def named(answer: Any) -> list[tuple[str, str]]:
    return [(one["alert"], one.get("repo", "")) for one in answer.data["alerts"]]


async def test_where_all_is_well_there_are_no_alerts_and_it_says_what_was_checked(watch: Any) -> None:
    async with watch() as lookout:
        answer = await lookout.call("drone_list_ci_alerts")
    assert answer.data["alerts"] == []
    assert answer.data["checked"] == "5 rules on 3 builds of 2 repositories"
    assert answer.data["rules"] == "the rules of drone-observe"


async def test_a_default_branch_is_red_since_the_first_failure_after_the_last_green_build(watch: Any) -> None:
    async with watch() as lookout:
        await fail(lookout)
        await lookout.drone.advance(50 * 60)
        await fail(lookout)
        early = await lookout.call("drone_list_ci_alerts", repo="octo/hello")
        await lookout.drone.advance(20 * 60)
        answer = await lookout.call("drone_list_ci_alerts", repo="octo/hello")
    assert early.data["alerts"] == []
    (alert,) = answer.data["alerts"]
    assert (alert["alert"], alert["severity"], alert["build"]) == ("default-branch-red", "critical", 3)
    assert alert["summary"] == "main is red for 1 h 11 min: 2 builds failed since the last green one"
    assert alert["history"] == "··········▁▁·█"


async def fail(lookout: Any) -> None:
    """Let a build of main run to its end, and fail."""
    await lookout.push("main", 70)
    build = newest(lookout)[0]
    assert build.status == "success"
    build.status = "failure"


def newest(lookout: Any, count: int = 1) -> list[Any]:
    """Return the newest builds, oldest first."""
    return sorted(lookout.drone.world.builds.values(), key=lambda build: build.id)[-count:]


async def test_a_build_that_runs_or_waits_for_too_long_is_told(watch: Any) -> None:
    async with watch() as lookout:
        await lookout.push("limited", 30)
        lookout.drone.world.runner.paused = True
        await lookout.push("limited", 2 * HOUR)
        running, waiting = newest(lookout, 2)
        running.status, running.finished = "running", 0
        answer = await lookout.call("drone_list_ci_alerts")
    found = {one["alert"]: one for one in answer.data["alerts"]}
    assert found["build-stuck"]["summary"] == f"build {running.number} runs for 2 h"
    assert found["build-waiting"]["summary"] == f"build {waiting.number} waits for 2 h"


async def test_a_build_that_waits_for_an_approval_does_not_wait_for_ci(watch: Any) -> None:
    async with watch() as lookout:
        lookout.drone.world.runner.paused = True
        await lookout.push("main", HOUR)
        before = await lookout.call("drone_list_ci_alerts")
        newest(lookout)[0].stages[0].status = "blocked"
        after = await lookout.call("drone_list_ci_alerts")
    assert named(before) == [("build-waiting", "octo/hello")]
    assert named(after) == []


async def test_flaky_commits_are_counted_among_those_that_were_built_again(watch: Any) -> None:
    async with watch() as lookout:
        for _ in range(10):
            await lookout.push("main", 70)
        for number, build in enumerate(newest(lookout, 10)):
            build.after = f"{number // 2:040}"  # five commits, each built twice
        newest(lookout, 10)[0].status = "failure"
        answer = await lookout.call("drone_list_ci_alerts", repo="octo/hello")
        newest(lookout)[0].after = "f" * 40  # four commits are too few for a rate
        fewer = await lookout.call("drone_list_ci_alerts", repo="octo/hello")
    assert [one["summary"] for one in answer.data["alerts"]] == [
        "20% of the 5 commits that were built again both passed and failed"
    ]
    assert fewer.data["alerts"] == []


async def test_a_silent_feed_is_told_where_a_receiver_fills_the_store(watch: Any, tmp_path: Path) -> None:
    state = f"sqlite:///{tmp_path / 'state.db'}"
    async with watch(DRONE_MCP_STATE=state) as lookout:
        none = await lookout.call("drone_list_ci_alerts")
        async with open_store(state, lookout.drone.url) as store:
            await store.record_event(lookout.drone.world.now())
        alive = await lookout.call("drone_list_ci_alerts")
        await lookout.drone.advance(HOUR)
        silent = await lookout.call("drone_list_ci_alerts")
    assert (named(none), named(alive)) == ([], [])
    assert "no receiver of webhooks" in none.data["note"]
    assert "note" not in alive.data
    assert named(silent) == [("feed-silent", "")]
    assert silent.data["alerts"][0]["summary"] == "the store has heard nothing from Drone for 1 h"


async def test_rules_of_ones_own_replace_those_that_come_with_the_server(watch: Any, tmp_path: Path) -> None:
    rules = tmp_path / "alerts.yaml"
    rules.write_text(
        "rules:\n- {alert: slow, when: stuck, longer: 10s, severity: info, repos: [octo/h*]}\n"
        "- {alert: elsewhere, when: stuck, longer: 10s, severity: info, repos: [acme/*]}\n",
        encoding="utf-8",
    )
    async with watch(DRONE_MCP_ALERT_RULES=str(rules)) as lookout:
        await lookout.push("main", 30)
        answer = await lookout.call("drone_list_ci_alerts")
    assert named(answer) == [("slow", "octo/hello")]
    assert answer.data["rules"] == "alerts.yaml"


async def test_only_repositories_of_the_role_are_looked_at(watch: Any) -> None:
    async with watch(DRONE_MCP_REPOS="octo/other") as lookout:
        await lookout.push("main", 3 * HOUR)
        answer = await lookout.call("drone_list_ci_alerts")
        refused = await lookout.call("drone_list_ci_alerts", repo="octo/hello")
    assert answer.data["checked"] == "5 rules on 1 build of 1 repository"
    assert refused.code == "PERMISSION_DENIED"


async def test_many_alerts_are_cut_to_the_limit_and_fit_the_budget(watch: Any) -> None:
    async with watch() as lookout:
        for _ in range(40):
            await lookout.push("main", 2)
        await lookout.drone.advance(20)
        await lookout.drone.advance(9 * HOUR)
        for build in lookout.drone.world.builds.values():
            build.status, build.finished = "running", 0
        answer = await lookout.call("drone_list_ci_alerts")
    assert len(answer.data["alerts"]) == 15
    assert answer.data["left_out"].endswith("more alerts: give a repo")
    assert count_tokens(json.dumps(answer.data)) <= 2_000


@pytest.mark.parametrize("repo", ["octo/none", "octo/other"])
async def test_a_repository_that_the_token_may_not_read_is_not_found(watch: Any, repo: str) -> None:
    async with watch("reader") as lookout:
        answer = await lookout.call("drone_list_ci_alerts", repo=repo)
    assert answer.code == "NOT_FOUND"
