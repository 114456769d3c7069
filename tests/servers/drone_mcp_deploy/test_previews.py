"""Previews of branches: opened without a target, listed with their end, and stopped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_build.iso_time import format_time
from servers.drone_mcp_deploy.conftest import At, deploy, desks
from support.actions_desk import Person

if TYPE_CHECKING:
    from pathlib import Path

REPO = {"repo": "octo/hello"}
OPEN, STOP, LIST, GET = (
    "drone_create_deployment",
    "drone_stop_preview",
    "drone_list_previews",
    "drone_get_preview",
)
MAIN, TOPIC, FORKED, SAME_NAME = 1, 2, 3, 4  # builds of main, topic, a fork's pull request, and Topic


@pytest.fixture
def at(tmp_path: Path) -> At:
    """Open the server before a Drone in which nothing was promoted."""
    return desks(tmp_path, "previews.yaml")


async def opened(desk: Any, number: int = TOPIC, **given: Any) -> dict[str, Any]:
    """Open a preview, and let the runner work."""
    answer = await desk.call(OPEN, **REPO, number=number, **given)
    assert answer.data.get("outcome") == "done", answer.text
    await desk.drone.advance(70)
    return dict(answer.data)


async def stopped(desk: Any, preview: str = "topic") -> dict[str, Any]:
    """Stop a preview, and let the runner work."""
    answer = await desk.call(STOP, **REPO, preview=preview)
    assert answer.data.get("outcome") == "done", answer.text
    await desk.drone.advance(70)
    return dict(answer.data)


async def test_a_build_without_a_target_goes_to_the_preview_of_its_branch(at: Any) -> None:
    person = Person()
    async with at(person) as desk:
        made = await opened(desk)
        assert desk.writes == ["POST /api/repos/octo/hello/builds/2/promote"]
        listed = (await desk.call(LIST, **REPO)).data
        targets = (await desk.call("drone_list_deployments", **REPO)).data
    assert (made["target"], person.asked) == ("preview-topic", [])
    (item,) = listed["previews"]
    assert (item["target"], item["branch"], item["state"], item["source"]) == ("preview-topic", "topic", "open", 2)
    assert (listed["limit"], item["ends"]) == (5, made["ends"])
    assert "targets" not in targets


async def test_a_list_of_previews_costs_one_request(at: Any) -> None:
    async with at() as desk:
        await opened(desk)
        desk.drone.forget()
        await desk.call(LIST, **REPO)
        assert [asked.path for asked in desk.drone.asked] == ["/api/repos/octo/hello/builds/deployments"]


@pytest.mark.parametrize(("name", "other"), [("topic", "preview-topic"), ("preview-topic", "topic")])
async def test_a_preview_is_stopped_by_a_promotion_that_says_so(at: Any, name: str, other: str) -> None:
    async with at() as desk:
        made = await opened(desk)
        answer = await stopped(desk, name)
        stop = desk.build("octo/hello", answer["deployment"])
        assert len(desk.writes) == 2
        again = await desk.call(STOP, **REPO, preview=other)
        assert len(desk.writes) == 2
        shown = (await desk.call(GET, **REPO, preview="topic")).data
        listed = (await desk.call(LIST, **REPO)).data
    assert (stop.event, stop.deploy_to, stop.parent) == ("promote", "preview-topic", made["deployment"])
    assert stop.params == {"PREVIEW_ACTION": "stop"}
    assert (again.data["outcome"], shown["state"]) == ("nothing_to_do", "stopped")
    assert "previews" not in listed


async def test_the_parameter_that_stops_a_preview_is_the_operators(at: Any) -> None:
    async with at(DRONE_MCP_ACTION_PREVIEW_STOP="ACTION=destroy") as desk:
        await opened(desk)
        answer = await stopped(desk)
        assert desk.build("octo/hello", answer["deployment"]).params == {"ACTION": "destroy"}


async def test_a_stopped_preview_is_opened_again_by_a_build_but_not_by_its_stop(at: Any) -> None:
    async with at() as desk:
        await opened(desk)
        stop = await stopped(desk)
        refused = await desk.call(OPEN, **REPO, number=stop["deployment"])
        assert len(desk.writes) == 2
        await opened(desk, again=True)
        made = desk.build("octo/hello", desk.drone.world.repos["octo/hello"].counter)
    assert (refused.code, "Deploy build 2" in refused.data["next_step"]) == ("INVALID_INPUT", True)
    assert (made.deploy_to, made.params) == ("preview-topic", {})


async def test_a_rollback_of_a_preview_passes_over_its_stops(at: Any) -> None:
    async with at() as desk:
        first = await opened(desk)
        await stopped(desk)
        newer = await deploy_newer(desk)
        await opened(desk, newer)
        answer = await desk.call("drone_rollback_deployment", **REPO, target="preview-topic")
    assert answer.data["source"] == first["deployment"]


async def deploy_newer(desk: Any) -> int:
    """Push once more to the branch; return the number of its build."""
    push = {
        "ref": "refs/heads/topic",
        "after": "c" * 40,
        "repository": {"full_name": "octo/hello"},
        "commits": [{"message": "Newer", "author": {"username": "ada"}}],
    }
    async with desk.drone.client() as forge:
        answer = await forge.post("/hook", json=push, headers={"x-gitea-event": "push"})
    await desk.drone.advance(70)
    return int(answer.raise_for_status().json()["number"])


async def test_a_branch_that_comes_to_the_same_name_gets_a_target_of_its_own(at: Any) -> None:
    async with at() as desk:
        await opened(desk)
        other = await opened(desk, SAME_NAME)
        taken = await desk.call(OPEN, **REPO, number=SAME_NAME, target="preview-topic")
    assert re.fullmatch(r"preview-topic-[0-9a-f]{8}", other["target"])
    assert (taken.code, other["target"] in taken.data["message"]) == ("INVALID_INPUT", True)


@pytest.mark.parametrize(("number", "why"), [(MAIN, "the default branch"), (FORKED, "fork")])
async def test_only_the_other_branches_of_a_repository_get_previews(at: Any, number: int, why: str) -> None:
    async with at() as desk:
        answer = await desk.call(OPEN, **REPO, number=number)
        assert desk.writes == []
    assert (answer.code, why in answer.data["message"]) == ("NOT_FOUND", True)


async def test_no_more_previews_are_opened_than_a_role_allows(at: Any) -> None:
    async with at(DRONE_MCP_ACTION_PREVIEWS="1/2h") as desk:
        made = await opened(desk)
        over = await desk.call(OPEN, **REPO, number=SAME_NAME)
        newer = await opened(desk, await deploy_newer(desk))  # the same preview
        await stopped(desk)
        other = await opened(desk, SAME_NAME)
    assert (over.code, over.data["details"]["rule"]) == ("PERMISSION_DENIED", "previews")
    assert newer["target"] == other["target"] == made["target"]


@pytest.mark.parametrize(("previews", "hours"), [("5/2h", 2), ("5/3d", 72)])
async def test_a_preview_ends_after_the_time_of_the_role_that_opened_it(at: Any, previews: str, hours: int) -> None:
    async with at(DRONE_MCP_ACTION_PREVIEWS=previews) as desk:
        made = await opened(desk)
        created = desk.build("octo/hello", made["deployment"]).created
        shown = (await desk.call(GET, **REPO, preview="topic")).data
    assert made["ends"] == shown["ends"] == format_time(int(created + hours * 3600))


async def test_the_preview_of_a_branch_named_after_a_product_is_not_production(at: Any) -> None:
    person = Person()
    async with at(person, DRONE_MCP_ACTION_TARGETS="preview-*") as desk:
        desk.build("octo/hello", TOPIC).source = desk.build("octo/hello", TOPIC).target = "fix-product-page"
        made = await opened(desk)
    assert (made["target"], person.asked) == ("preview-fix-product-page", [])


@pytest.mark.parametrize(
    ("environment", "rule"),
    [
        ({"DRONE_MCP_ACTION_TARGETS": "staging"}, "targets"),
        ({"DRONE_MCP_ACTION_OPERATIONS": "promote"}, "operations"),
        ({"DRONE_MCP_ACTION_BRANCHES": "main"}, "branches"),
    ],
)
async def test_what_a_role_does_not_allow_is_not_stopped(at: Any, environment: dict[str, str], rule: str) -> None:
    async with at(**environment) as desk:
        await deploy(desk.drone, "promote", TOPIC, "preview-topic")
        desk.drone.forget()
        answer = await desk.call(STOP, **REPO, preview="topic")
        assert desk.writes == []
    assert (answer.code, answer.data["details"]["rule"]) == ("PERMISSION_DENIED", rule)


async def test_a_preview_whose_deployment_failed_can_be_stopped(at: Any) -> None:
    async with at() as desk:
        made = await opened(desk)
        desk.build("octo/hello", made["deployment"]).status = "failure"
        shown = (await desk.call(GET, **REPO, preview="topic")).data
        await stopped(desk)
    assert shown["state"] == "open (failure)"


async def test_what_is_no_preview_is_not_found(at: Any) -> None:
    async with at() as desk:
        for tool in (GET, STOP):
            assert (await desk.call(tool, **REPO, preview="staging")).code == "NOT_FOUND"
