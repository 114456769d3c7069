"""The queue and the machines, as an agent gets them from a simulated Jenkins."""

from __future__ import annotations

from typing import Any

from support.jenkins import JenkinsHandle, jenkins_and_agent

BUSY: dict[str, Any] = {
    "nodes": [
        {"name": "Built-In Node", "executors": 1, "labels": ["built-in"]},
        {"name": "arm", "executors": 2, "labels": ["arm64"], "offline": "out of disk"},
    ],
    "jobs": {
        "long": {"next": {"seconds": 100}, "parameters": [{"name": "SECRET", "type": "password", "default": "x"}]},
        "quick": {"quiet_period": 60},
        "board": {"label": "arm64", "next": {"seconds": 5}},
    },
}
CAUSE: dict[str, object] = {"shortDescription": "Started by user dev", "userId": "dev"}


def queue_up(jenkins: JenkinsHandle, *jobs: str, **parameters: str | bool | None) -> None:
    for job in jobs:
        jenkins.world.trigger(jenkins.job(job), [CAUSE], dict(parameters), None)


async def test_each_item_says_how_long_it_waits_and_why() -> None:
    async with jenkins_and_agent(BUSY) as (jenkins, agent):
        queue_up(jenkins, "long")
        queue_up(jenkins, "long", SECRET="hush", TARGET=" a ")
        queue_up(jenkins, "quick", "board", DEPLOY_TOKEN="q8Zt3LmV0xPw7RkY")
        await jenkins.advance(20)
        answer = await agent.call("jenkins_get_queue")
    by_job = {item["job"]: item for item in answer.data["items"]}
    assert (by_job["long"]["state"], by_job["long"]["why"]) == (
        "blocked",
        "Build #1 is already in progress (ETA: N/A)",
    )
    assert (by_job["quick"]["state"], by_job["quick"]["quiet_seconds"]) == ("waiting", 40)
    board = by_job["board"]
    assert (board["state"], board["stuck"], board["waited_seconds"]) == ("buildable", True, 20)
    assert "All nodes of label" in board["why"]
    assert by_job["long"]["hidden_parameters"] == ["SECRET"]
    assert by_job["long"]["parameters"] == {"TARGET": "a"}
    assert [item["position"] for item in answer.data["items"]] == [1, 2, 3]
    assert "jenkins_list_nodes" in answer.data["next_step"]
    assert by_job["quick"]["parameters"] == {"DEPLOY_TOKEN": "[redacted]"}
    assert "hush" not in answer.text


async def test_the_items_of_one_job_keep_their_places_among_all() -> None:
    async with jenkins_and_agent(BUSY) as (jenkins, agent):
        queue_up(jenkins, "quick", "board")
        answer = await agent.call("jenkins_get_queue", job="board")
        unknown = await agent.call("jenkins_get_queue", job="nothing")
    assert [(item["job"], item["position"]) for item in answer.data["items"]] == [("board", 2)]
    assert unknown.code == "NOT_FOUND"


async def test_items_outside_the_scope_are_not_shown() -> None:
    async with jenkins_and_agent(BUSY, JENKINS_JOBS="quick") as (jenkins, agent):
        queue_up(jenkins, "quick", "board")
        answer = await agent.call("jenkins_get_queue")
    assert ([item["job"] for item in answer.data["items"]], answer.data["total"]) == (["quick"], 1)


async def test_a_long_queue_says_how_many_items_it_leaves_out() -> None:
    jobs: dict[str, Any] = {f"job-{number}": {"quiet_period": 60} for number in range(30)}
    async with jenkins_and_agent({"jobs": jobs}) as (jenkins, agent):
        queue_up(jenkins, *jobs)
        answer = await agent.call("jenkins_get_queue", limit=10)
    assert (len(answer.data["items"]), answer.data["total"], answer.data["left_out"]) == (10, 30, "20 items")


async def test_machines_that_are_offline_come_first_with_the_reason() -> None:
    async with jenkins_and_agent(BUSY) as (jenkins, agent):
        queue_up(jenkins, "long")
        answer = await agent.call("jenkins_list_nodes")
    assert answer.data == {
        "nodes": [
            {
                "name": "arm",
                "offline": True,
                "reason": "out of disk",
                "idle": True,
                "executors": 2,
                "labels": ["arm64"],
            },
            {"name": "Built-In Node", "executors": 1, "labels": ["built-in"]},
        ],
        "busy_executors": 1,
        "total_executors": 3,
    }
