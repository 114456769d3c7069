"""What waits and why, for an administrator and for others, on the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_client.models import Build
from drone_mcp_state import open_store

if TYPE_CHECKING:
    from pathlib import Path


def stage(answer: Any, name: str) -> dict[str, Any]:
    return next(one for one in answer.data["stages"] if one["stage"] == name and one["status"] == "pending")


async def test_an_empty_queue_is_said_in_one_sentence(watch: Any) -> None:
    async with watch() as lookout:
        answer = await lookout.call("drone_get_queue")
        assert [asked.path for asked in lookout.drone.asked] == ["/api/queue"]
    assert answer.data["summary"] == "Nothing waits and nothing runs"
    assert (answer.data["pending"], answer.data["running"], answer.data["stages"]) == (0, 0, [])


async def test_a_concurrency_limit_is_named_with_what_is_before_the_stage(watch: Any) -> None:
    async with watch() as lookout:
        await lookout.push("limited", 30)
        await lookout.push("limited", 45)
        answer = await lookout.call("drone_get_queue")
    waiting, running = answer.data["stages"]
    assert (waiting["repo"], waiting["build"], waiting["seconds"]) == ("octo/hello", 4, 45)
    assert waiting["reason"] == "limit"
    assert waiting["why"] == "concurrency limit 1 of pipeline 'deploy': 1 running before it"
    assert (running["status"], running["runner"], running["build"]) == ("running", "runner-1", 3)
    assert "next_step" not in answer.data


async def test_the_throttle_of_a_repository_is_named(watch: Any) -> None:
    async with watch() as lookout:
        lookout.drone.world.repos["octo/hello"].throttle = 1
        await lookout.push("main", 5)
        await lookout.push("main", 5)
        answer = await lookout.call("drone_get_queue")
    assert stage(answer, "build")["reason"] == "throttle"
    assert stage(answer, "build")["why"] == "throttle 1 of the repository: 1 running before it"


@pytest.mark.parametrize(
    ("branch", "name", "why"),
    [
        ("windows", "msi", "no known runner takes platform 'windows/amd64' (seen: docker linux/amd64)"),
        ("kubernetes", "cluster", "no known runner takes type 'kubernetes' (seen: docker linux/amd64)"),
        ("kind", "typo", "its kind is 'pipline'; runners take pipelines only"),
    ],
)
async def test_what_no_runner_takes_is_told_with_the_demand_that_none_meets(
    watch: Any, branch: str, name: str, why: str
) -> None:
    async with watch() as lookout:
        lookout.drone.world.runner.platforms = ("linux/amd64",)
        if branch == "kubernetes":
            lookout.drone.world.runner.paused = True  # the simulated runner takes every type
        await lookout.push(branch, 3_600)
        answer = await lookout.call("drone_get_queue")
    assert stage(answer, name)["reason"] == "no_runner"
    assert stage(answer, name)["why"] == why


async def test_labels_that_no_runner_has_are_named(watch: Any) -> None:
    async with watch() as lookout:
        lookout.drone.world.runner.paused = True
        await lookout.push("main", 300)
        for _, open_stage in lookout.drone.world.list_stages("pending"):
            open_stage.labels = {"gpu": "yes"}
        answer = await lookout.call("drone_get_queue")
    assert stage(answer, "build")["why"] == "no known runner takes labels gpu=yes (seen: docker linux/amd64)"


async def test_a_paused_queue_is_recognised_by_what_could_start_and_does_not(watch: Any) -> None:
    async with watch() as lookout:
        async with lookout.drone.client() as admin:
            (await admin.delete("/api/queue")).raise_for_status()
        await lookout.push("main", 60)
        await lookout.push("main", 14_400)
        answer = await lookout.call("drone_get_queue")
    assert [one["reason"] for one in answer.data["stages"]] == ["stalled", "stalled"]
    assert "No runner has taken a stage for 4 h 1 min although nothing holds it back" in answer.data["summary"]
    assert "the queue is paused, or the runners are gone" in answer.data["summary"]
    assert "resume the queue" in answer.data["next_step"]


async def test_a_stage_that_waits_for_a_busy_runner_or_was_just_created_is_no_stall(watch: Any) -> None:
    async with watch() as lookout:
        await lookout.push("main", 30)
        lookout.drone.world.runner.paused = True  # as a runner at its capacity, which takes nothing more
        await lookout.push("main", 5)
        busy = await lookout.call("drone_get_queue")
        await lookout.drone.advance(50)
        fresh = await lookout.call("drone_get_queue")
    assert stage(busy, "build")["why"] == "runners are busy: 1 run on runner-1"
    assert stage(fresh, "build")["reason"] == "new"
    assert "next_step" not in busy.data | fresh.data


async def test_a_stage_that_a_runner_took_and_never_started_names_the_runner(watch: Any) -> None:
    async with watch() as lookout:
        lookout.drone.world.runner.paused = True
        await lookout.push("main", 300)
        for _, open_stage in lookout.drone.world.list_stages("pending"):
            open_stage.machine = "runner-9"
        answer = await lookout.call("drone_get_queue")
    assert stage(answer, "build")["reason"] == "accepted"
    assert "runner-9" in stage(answer, "build")["why"]


async def test_the_runners_are_known_from_the_store_where_a_receiver_fills_it(watch: Any, tmp_path: Path) -> None:
    state = f"sqlite:///{tmp_path / 'state.db'}"
    async with watch(DRONE_MCP_STATE=state) as lookout:
        await lookout.push("windows", 3_600)
        async with lookout.drone.client() as person, open_store(state, lookout.drone.url) as store:
            for number in (1, 2, 3):
                build = (await person.get(f"/api/repos/octo/hello/builds/{number}")).json()
                await store.apply(
                    "octo/hello", Build.model_validate(build), source="webhook", at=lookout.drone.world.now()
                )
        lookout.drone.forget()
        answer = await lookout.call("drone_get_queue")
        paths = {asked.path for asked in lookout.drone.asked}
    assert stage(answer, "msi")["why"].endswith("(seen: docker linux/amd64)")
    assert paths == {"/api/queue", "/api/builds/incomplete", "/api/repos/octo/hello"}


async def test_a_fault_of_drone_is_no_reason_to_answer_with_less(watch: Any) -> None:
    async with watch(DRONE_MCP_RETRIES="0") as lookout:
        lookout.drone.break_with("status", status=500)
        answer = await lookout.call("drone_get_queue")
    assert answer.code == "DRONE_ERROR"


async def test_who_is_no_administrator_sees_the_builds_of_their_own_repositories_and_is_told_so(watch: Any) -> None:
    async with watch("reader") as lookout:
        await lookout.push("limited", 30)
        await lookout.push("limited", 45)
        await lookout.push("main", 5, repo="octo/other")
        answer = await lookout.call("drone_get_queue")
    assert [(one["repo"], one["build"], one["status"]) for one in answer.data["stages"]] == [
        ("octo/hello", 4, "pending"),
        ("octo/hello", 3, "running"),
    ]
    assert stage(answer, "deploy")["reason"] == "limit"
    assert "system administrators only" in answer.data["note"]
    assert "octo/other" not in answer.text


async def test_a_limited_role_counts_stages_of_other_repositories_and_does_not_name_them(watch: Any) -> None:
    async with watch(DRONE_MCP_REPOS="octo/hello") as lookout:
        await lookout.push("main", 5, repo="octo/other")
        await lookout.push("main", 5)
        answer = await lookout.call("drone_get_queue")
    assert [one["repo"] for one in answer.data["stages"]] == ["octo/hello"]
    assert answer.data["running"] == 2
    assert answer.data["left_out"] == "1 stage of repositories outside this role"
    assert "octo/other" not in answer.text


async def test_a_limited_role_is_not_shown_stages_whose_repository_is_not_known(watch: Any) -> None:
    async with watch(DRONE_MCP_REPOS="octo/hello") as limited, watch() as whole:
        answers = []
        for lookout in (limited, whole):
            lookout.drone.world.runner.paused = True
            await lookout.push("main", repo="octo/other")
            for _ in range(51):  # Drone names the repositories of the 50 newest builds
                await lookout.push("main")
            answers.append(await lookout.call("drone_get_queue", limit=50))
    assert answers[0].data["left_out"] == "1 more stage: give a higher limit; 1 stage of repositories outside this role"
    assert {one.get("repo") for one in answers[0].data["stages"]} == {"octo/hello"}
    assert answers[1].data["left_out"] == "2 more stages: give a higher limit"
    assert "repo" not in answers[1].data["stages"][0]


async def test_a_long_queue_is_cut_to_the_limit_and_fits_the_budget(watch: Any) -> None:
    from ci_mcp_kit.token_count import count_tokens  # noqa: PLC0415 - the one use

    async with watch() as lookout:
        lookout.drone.world.runner.paused = True
        for _ in range(60):
            await lookout.push("main")
        for _, open_stage in lookout.drone.world.list_stages("pending"):
            open_stage.name = "n" * 5_000
            open_stage.labels = {"l" * 5_000: "v" * 5_000}
        await lookout.drone.advance(7_200)
        answer = await lookout.call("drone_get_queue")
    assert answer.data["pending"] == 60
    assert answer.data["left_out"] == "45 more stages: give a higher limit"
    assert count_tokens(answer.text) <= 2_000
