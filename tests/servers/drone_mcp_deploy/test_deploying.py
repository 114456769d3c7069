"""Promotions, updates and rollbacks: what is sent, who is asked, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from servers.drone_mcp_deploy.conftest import deploy
from support.actions_desk import Person

STAGING = {"repo": "octo/hello", "target": "staging"}
PRODUCTION = {"repo": "octo/hello", "target": "production"}
CREATE, UPDATE, ROLL_BACK = "drone_create_deployment", "drone_update_deployment", "drone_rollback_deployment"
MONDAY_TEN, SUNDAY_TEN = 1_795_428_000.0, 1_795_341_600.0  # 2026-11-23 and 2026-11-22, 10:00 UTC


async def test_a_build_is_promoted_to_staging_without_a_question(at: Any) -> None:
    person = Person()
    async with at(person) as desk:
        answer = await desk.call(CREATE, **STAGING, number=3)
        assert desk.writes == ["POST /api/repos/octo/hello/builds/3/promote"]
        made = desk.build("octo/hello", 9)
    assert (made.event, made.deploy_to, made.parent) == ("promote", "staging", 3)
    assert (answer.data["outcome"], answer.data["deployment"], person.asked) == ("done", 9, [])
    assert answer.data["cursor"].endswith(".p")


@pytest.mark.parametrize("confirm", ["low", "medium", "high"])
@pytest.mark.parametrize(("tool", "given"), [(CREATE, {"number": 3}), (UPDATE, {})])
async def test_production_always_asks_a_person_and_names_the_commits(
    at: Any, confirm: str, tool: str, given: dict[str, Any]
) -> None:
    person = Person()
    async with at(person, DRONE_MCP_ACTION_CONFIRM=confirm) as desk:
        answer = await desk.call(tool, **PRODUCTION, **given)
    (question,) = person.asked
    assert answer.data["outcome"] == "done"
    assert "Third" in question
    assert "Second" in question
    assert "First" not in "".join(line for line in question.splitlines() if line.startswith("It brings"))
    assert [line.split()[1] for line in answer.data["added"]] == ["Third", "Second"]


async def test_a_person_who_declines_keeps_production_as_it_is(at: Any) -> None:
    async with at(Person(says="decline")) as desk:
        answer = await desk.call(CREATE, **PRODUCTION, number=3)
        assert desk.writes == []
    assert answer.code == "NOT_CONFIRMED"


async def test_what_runs_there_is_not_deployed_again_unless_asked(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call(CREATE, **STAGING, number=2)
        assert (answer.data["outcome"], desk.writes) == ("nothing_to_do", [])
        again = await desk.call(CREATE, **STAGING, number=2, again=True)
        assert again.data["outcome"] == "done"


async def test_an_update_stays_on_the_branch_that_runs_there(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call(UPDATE, **STAGING, number=5)
        assert desk.writes == []
        newest = await desk.call(UPDATE, **STAGING)
    assert (answer.code, newest.data["source"]) == ("INVALID_INPUT", 3)


async def test_nothing_is_updated_where_nothing_was_deployed(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call(UPDATE, repo="octo/hello", target="canary")
    assert answer.code == "NOT_FOUND"
    assert answer.data["next_step"].startswith("Create the deployment")


async def test_a_rollback_finds_the_last_good_deployment_and_names_what_goes_away(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call(ROLL_BACK, **STAGING)
        assert desk.writes == ["POST /api/repos/octo/hello/builds/6/rollback"]
        made = desk.build("octo/hello", 9)
    assert (made.event, made.deploy_to, made.after) == ("rollback", "staging", desk.build("octo/hello", 1).after)
    assert [line.split()[1] for line in answer.data["removed"]] == ["Second"]


async def test_a_rollback_after_a_failed_deployment_returns_to_the_one_before_it(at: Any) -> None:
    async with at() as desk:
        await deploy(desk.drone, "promote", 4, "staging")
        desk.drone.world.requests.clear()
        await desk.call(ROLL_BACK, **STAGING)
        assert desk.writes == ["POST /api/repos/octo/hello/builds/8/rollback"]


async def test_without_an_earlier_deployment_there_is_nothing_to_roll_back_to(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call(ROLL_BACK, **PRODUCTION)
        assert desk.writes == []
    assert answer.code == "NOT_FOUND"


@pytest.mark.parametrize(
    ("tool", "given", "environment", "rule"),
    [
        (CREATE, {"number": 4}, {}, "red"),
        (CREATE, {"number": 3}, {"DRONE_MCP_ACTION_TARGETS": "* !staging"}, "targets"),
        (CREATE, {"number": 5}, {"DRONE_MCP_ACTION_BRANCHES": "main"}, "branches"),
        (CREATE, {"number": 3, "params": {"MODE": "fast"}}, {}, "params"),
        (UPDATE, {}, {"DRONE_MCP_ACTION_OPERATIONS": "rollback"}, "operations"),
        (ROLL_BACK, {}, {"DRONE_MCP_ACTION_OPERATIONS": "promote"}, "operations"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
async def test_what_a_role_does_not_allow_is_not_deployed(
    at: Any, tool: str, given: dict[str, Any], environment: dict[str, str], rule: str, dry_run: bool
) -> None:
    async with at(**environment) as desk:
        answer = await desk.call(tool, **STAGING, **given, dry_run=dry_run)
        assert desk.writes == []
    assert (answer.code, answer.data["details"]["rule"]) == ("PERMISSION_DENIED", rule)


@pytest.mark.parametrize(
    ("target", "clock", "allowed"),
    [("production", MONDAY_TEN, True), ("production", SUNDAY_TEN, False), ("staging", SUNDAY_TEN, True)],
)
async def test_production_is_changed_only_within_its_window(at: Any, target: str, clock: float, allowed: bool) -> None:
    async with at(Person(), clock, DRONE_MCP_ACTION_WINDOWS="Mon-Fri/09:00-17:00/UTC") as desk:
        answer = await desk.call(CREATE, repo="octo/hello", target=target, number=3)
        assert bool(desk.writes) is allowed
    if not allowed:
        assert answer.data["details"]["rule"] == "windows"


async def test_a_rehearsal_sends_nothing_and_shows_what_would_be_sent(at: Any) -> None:
    params = {"API_TOKEN": "hunter2", "COLOUR": "blue"}
    async with at(DRONE_MCP_ACTION_PARAMS="*") as desk:
        answer = await desk.call(CREATE, **PRODUCTION, number=3, params=params, dry_run=True)
        assert desk.writes == []
    assert answer.data["requests"] == ["POST /api/repos/octo/hello/builds/3/promote with target, API_TOKEN, COLOUR"]
    assert answer.data["needs_confirmation"] is True
    assert "It sets COLOUR = blue" in answer.data["notes"]
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(("trouble", "happened"), [({"status": 503, "handled": True}, True), ({"status": 503}, False)])
async def test_a_lost_answer_is_looked_for_and_nothing_is_sent_twice(
    at: Any, trouble: dict[str, Any], happened: bool
) -> None:
    async with at() as desk:
        desk.drone.break_with("status", **trouble, route="POST /api/repos/*")
        answer = await desk.call(CREATE, **STAGING, number=3)
        again = await desk.call(CREATE, **STAGING, number=3)
        assert len(desk.writes) == 1
    if happened:
        assert (answer.data["outcome"], answer.data["deployment"], again.data["outcome"]) == ("done", 9, "repeated")
    else:
        assert (answer.code, again.code) == ("CONFLICT", "CONFLICT")
