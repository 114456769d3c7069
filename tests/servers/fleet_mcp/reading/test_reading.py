"""One agent, roles, projects, history, messages and waiting, behind a real MCP client."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from support.coder import SCENARIO, desk_at, fleet, running_coder

if TYPE_CHECKING:
    from pathlib import Path

    from support.agent import Answer
    from support.coder import FleetDesk

PULL = "https://git.example.com/acme/shop/pull/17"


async def run_tasks(desk: FleetDesk, count: int) -> None:
    """Have the agent do so many tasks, each recorded by the build of the next."""
    world, workspace = desk.coder.world, desk.coder.agent("cart")
    for number in range(1, count + 1):
        values = {"ai_prompt": f"Task {number}", "last_state": "complete", "last_message": f"Did {number - 1}"}
        for transition in ("stop", "start"):
            world.build(workspace, transition, workspace.latest.values | values, workspace.owner)
            await desk.coder.advance(10)


async def test_an_agent_is_shown_with_its_task_and_newest_reports(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        for number in range(7):
            desk.coder.world.report(desk.coder.agent("cart"), "working", f'Step {number} of "the" plan', PULL)
            await desk.coder.advance(60)
        answer, requests = await desk.counted("fleet_show_agent", agent="cart")
    assert requests == 1
    assert answer.data["state"] == "working, reported 1 min ago"
    assert answer.data["reports"][0] == f'1 min ago: working: "Step 6 of \\"the\\" plan" {PULL}'
    assert (len(answer.data["reports"]), answer.data["pull_request"]) == (5, PULL)
    assert "\nFix the cart\n" in answer.data["task"]


async def test_an_agent_whose_first_build_failed_is_found_by_its_parameters(tmp_path: Path) -> None:
    scenario = deepcopy(SCENARIO)
    scenario["agents"]["cart"]["task"] = "x" * 131_000
    async with fleet(tmp_path, scenario) as desk:
        answer, requests = await desk.counted("fleet_show_agent", agent="cart")
    assert (answer.data["role"], answer.data["project"], requests) == ("dev", "acme/shop", 2)
    assert answer.data["state"].startswith("start build failed")
    assert "argument list too long" in answer.data["latest_build"]


async def test_an_agent_is_found_by_the_full_name_that_answers_give_and_not_by_that_of_another_owner(
    tmp_path: Path,
) -> None:
    async with fleet(tmp_path) as desk:
        full = (await desk.call("fleet_show_agent", agent="cart")).data["agent"]
        again = await desk.call("fleet_show_agent", agent=full)
        other = await desk.call("fleet_show_agent", agent="eve/cart")
    assert (full, again.data["agent"]) == ("mona/cart", "mona/cart")
    assert (other.code, other.data["details"]["rule"]) == ("PERMISSION_DENIED", "owners")


async def test_an_agent_that_there_is_not_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        answer = await desk.call("fleet_show_agent", agent="nobody")
    assert answer.code == "NOT_FOUND"
    assert "agent nobody" in answer.data["message"]


async def test_roles_and_projects_take_two_requests_once_a_version_is_known(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        roles, cold = await desk.counted("fleet_list_roles")
        await desk.call("fleet_list_projects")
        _, warm = await desk.counted("fleet_list_roles")
        projects, both = await desk.counted("fleet_list_projects")
    assert (cold, warm, both) == (2, 1, 2)
    assert [line["role"] for line in roles.data["roles"]] == ["dev", "reviewer", "ops"]
    assert projects.data["projects"] == [
        {"project": "acme/blog", "agents": 1, "templates": ["claude-dev"]},
        {"project": "acme/shop", "agents": 1, "templates": ["claude-dev"], "presets": ["Small developer"]},
    ]
    assert "any other for claude-dev" in projects.data["others"]


async def test_a_template_that_breaks_the_contract_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    scenario = deepcopy(SCENARIO)
    scenario["templates"]["old"] = {"without": ["last_state"]}
    async with fleet(tmp_path, scenario, FLEET_TEMPLATES="claude-dev,old") as desk:
        answer = await desk.call("fleet_list_roles")
    assert answer.data["unusable"] == ["old: it has no parameter last_state"]


async def test_without_any_usable_template_the_reason_and_the_page_are_named(tmp_path: Path) -> None:
    scenario = deepcopy(SCENARIO)
    scenario["templates"]["claude-dev"]["without"] = ["last_state", "pull_request"]
    async with fleet(tmp_path, scenario) as desk:
        for tool in ("fleet_list_roles", "fleet_list_projects"):
            answer = await desk.call(tool)
            assert answer.code == "NOT_FOUND"
            assert "claude-dev: it has no parameter pull_request" in answer.data["message"]
            assert "docs/fleet.md" in answer.data["next_step"]


@pytest.mark.parametrize("tool", ["fleet_list_roles", "fleet_list_projects"])
@pytest.mark.parametrize("route", ["GET /api/v2/templateversions/*", "GET /api/v2/templates", "GET /api/v2/workspaces"])
async def test_an_error_of_one_of_several_requests_is_told_as_it_is(tool: str, route: str, tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        desk.coder.break_with("status", route=route, status=503)
        answer = await desk.call(tool)
    is_asked = tool == "fleet_list_projects" or "workspaces" not in route
    assert answer.code == ("CODER_ERROR" if is_asked else "")


async def test_the_projects_count_the_agents_of_this_fleet_alone(tmp_path: Path) -> None:
    scenario = deepcopy(SCENARIO)
    scenario["users"]["mona"]["is_owner"] = True
    for name in ("lisa", "eve"):
        scenario["users"][name] = {"tokens": {f"{name}-token": ["coder:all"]}}
        scenario["agents"][f"of-{name}"] = {**scenario["agents"]["cart"], "owner": name}
    async with fleet(tmp_path, scenario, FLEET_OWNERS="mona,lisa") as desk:
        answer = await desk.call("fleet_list_projects")
    assert {line["project"]: line["agents"] for line in answer.data["projects"]} == {"acme/blog": 1, "acme/shop": 2}


async def test_where_each_role_has_a_template_its_name_is_the_role(tmp_path: Path) -> None:
    scenario = deepcopy(SCENARIO)
    scenario["templates"]["reviewer"] = {"without": ["role"]}
    environment: dict[str, Any] = {"FLEET_ROLE_SOURCE": "template", "FLEET_TEMPLATES": "reviewer"}
    async with fleet(tmp_path, scenario, **environment) as desk:
        answer = await desk.call("fleet_list_roles")
    assert answer.data["roles"] == [{"role": "reviewer", "templates": ["reviewer"]}]


async def test_a_page_of_twenty_tasks_of_an_agent_with_two_hundred_takes_one_request(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        await run_tasks(desk, 200)
        first, resolved = await desk.counted("fleet_task_history", agent="cart")
        builds, cursor, requests = [task["build"] for task in first.data["tasks"]], first.data["next_cursor"], []
        while cursor:
            page, count = await desk.counted("fleet_task_history", agent="cart", cursor=cursor)
            requests.append(count)
            builds += [task["build"] for task in page.data["tasks"]]
            cursor = page.data.get("next_cursor")
        again, known = await desk.counted("fleet_task_history", agent="cart")
    assert (len(first.data["tasks"]), resolved, set(requests), known) == (20, 2, {1}, 1)
    assert again.data == first.data
    assert builds == list(range(401, 0, -2))
    assert first.data["tasks"][1]["outcome"] == 'complete: "Did 199"'


@pytest.mark.parametrize("owners", ["me", "mona", "mona,eve", "*"])
async def test_the_first_page_of_an_agent_that_was_listed_takes_one_request(owners: str, tmp_path: Path) -> None:
    scenario = deepcopy(SCENARIO)
    scenario["users"]["mona"]["is_owner"] = True
    async with fleet(tmp_path, scenario, FLEET_OWNERS=owners) as desk:
        desk.coder.world.report(desk.coder.agent("cart"), "working", "At work")
        await desk.coder.advance(60)
        fresh = await desk.call("fleet_task_history", agent="mona/cart")
        await desk.call("fleet_list_agents")
        answer, requests = await desk.counted("fleet_task_history", agent="mona/cart")
    assert (requests, answer.data) == (1, fresh.data)
    assert answer.data["tasks"][0]["outcome"] == 'now working, reported 1 min ago, last report working: "At work"'


async def test_a_name_without_an_owner_is_looked_up_where_several_can_have_it(tmp_path: Path) -> None:
    scenario = deepcopy(SCENARIO)
    scenario["users"]["mona"]["is_owner"] = True
    scenario["users"]["eve"] = {"tokens": {"eve-token": ["coder:all"]}}
    scenario["agents"] = {"cart": {**scenario["agents"]["cart"], "owner": "eve"}}
    async with fleet(tmp_path, scenario, FLEET_OWNERS="*") as desk:
        await desk.call("fleet_list_agents")
        theirs = await desk.call("fleet_task_history", agent="eve/cart")
        own = await desk.call("fleet_task_history", agent="cart")
    assert (theirs.data["agent"], own.code) == ("eve/cart", "NOT_FOUND")


async def test_how_an_agent_stands_that_was_stopped_without_an_outcome_takes_one_more_request(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        world, workspace = desk.coder.world, desk.coder.agent("cart")
        world.report(workspace, "working", "At work")
        await desk.call("fleet_list_agents")
        world.build(workspace, "stop", dict(workspace.latest.values), workspace.owner)
        await desk.coder.advance(60)
        answer, requests = await desk.counted("fleet_task_history", agent="cart")
    assert requests == 2
    assert answer.data["tasks"][0]["outcome"].startswith("now stopped")
    assert "(was working)" in answer.data["tasks"][0]["outcome"]


async def test_the_history_is_that_of_the_agent_that_has_the_name_now(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        world, old = desk.coder.world, desk.coder.agent("cart")
        await desk.call("fleet_list_agents")
        world.build(old, "delete", dict(old.latest.values), old.owner)
        await desk.coder.advance(10)
        world.create(old.owner, "cart", old.template, old.latest.values | {"ai_prompt": "Begin anew"})
        await desk.coder.advance(10)
        answer = await desk.call("fleet_task_history", agent="cart")
    assert [task["task"] for task in answer.data["tasks"]] == ['"Begin anew"']


async def test_the_history_of_a_deleted_agent_is_read_by_its_name(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        await run_tasks(desk, 1)
        workspace = desk.coder.agent("cart")
        desk.coder.world.build(workspace, "delete", dict(workspace.latest.values), workspace.owner)
        await desk.coder.advance(10)
        listed = await desk.call("fleet_list_agents")
        answer = await desk.call("fleet_task_history", agent="cart")
    assert not any(line.startswith("cart") for line in listed.data["agents"].splitlines())
    assert [task["task"] for task in answer.data["tasks"]] == ['"Task 1"', '"Fix the cart"']


async def test_a_cursor_of_an_agent_that_this_process_has_not_read_is_checked_first(tmp_path: Path) -> None:
    async with fleet(tmp_path, DRONE_MCP_REPOS="acme/shop") as desk:
        blog = desk.coder.agent("blog")
        answer = await desk.call("fleet_task_history", agent="cart", cursor=f"mona/cart:{blog.id}:2:3")
        other = await desk.call("fleet_task_history", agent="cart", cursor=f"me/blog:{blog.id}:2:3")
    assert (answer.code, other.code) == ("CONFLICT", "PERMISSION_DENIED")
    assert not any(blog.id in path for path in desk.coder.paths)


async def test_the_newest_messages_come_within_the_budget_and_the_others_are_counted(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        workspace = desk.coder.agent("cart")
        assert workspace.agent
        for number in range(30):
            desk.coder.world.say(workspace, workspace.agent, f"Question {number} " + "word " * 40)
            desk.coder.world.answer(workspace, f"Answer {number}")
        answer = await desk.call("fleet_get_messages", agent="cart", token_budget=400)
    assert "Answer 29" in answer.data["messages"][-1]
    assert answer.data["left_out"] == f"{61 - len(answer.data['messages'])} older messages"


async def test_the_messages_of_an_agent_that_is_not_connected_cannot_be_read(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        desk.coder.world.kill(desk.coder.agent("cart"))
        answer = await desk.call("fleet_get_messages", agent="cart")
    assert answer.code == "CONFLICT"
    assert "fleet_task_history" in answer.data["next_step"]


async def test_a_wait_ends_when_the_agent_is_done(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        world, workspace = desk.coder.world, desk.coder.agent("cart")
        world.report(workspace, "working", "At work")
        desk.coder.report_after(20, "cart", "complete", "All tests pass", PULL)
        began = world.now()
        answer = await desk.call("fleet_wait_for_agent", agent="cart", seconds=40)
    assert answer.data["finished"]
    assert answer.data["report"] == 'complete: "All tests pass"'
    assert 20 <= world.now() - began <= 36


async def test_a_wait_ends_with_the_event_that_coder_streams_and_takes_two_requests(tmp_path: Path) -> None:
    async with (
        running_coder() as coder,
        desk_at(coder, tmp_path) as desk,
        anyio.create_task_group() as group,
    ):
        world, workspace = coder.world, coder.agent("cart")
        world.report(workspace, "working", "At work")
        answers: list[Answer] = []
        coder.passes_time = False

        async def wait() -> None:
            answers.append(await desk.call("fleet_wait_for_agent", agent="cart", seconds=45))

        group.start_soon(wait)
        await coder.watched("cart")
        world.report(workspace, "working", "Nearly done")
        world.report(workspace, "complete", "All tests pass", PULL)
    assert answers[0].data["report"] == 'complete: "All tests pass"'
    assert answers[0].data["finished"]
    assert [path.rsplit("/", 1)[1] for path in coder.paths] == ["cart", "watch"]


async def test_a_wait_for_a_build_reads_its_parameters_once(tmp_path: Path) -> None:
    async with (
        running_coder() as coder,
        desk_at(coder, tmp_path) as desk,
        anyio.create_task_group() as group,
    ):
        world, workspace = coder.world, coder.agent("cart")
        world.build(workspace, "start", dict(workspace.latest.values), workspace.owner)
        answers: list[Answer] = []
        coder.passes_time = False

        async def wait() -> None:
            answers.append(await desk.call("fleet_wait_for_agent", agent="cart", until="ready", seconds=45))

        group.start_soon(wait)
        await coder.watched("cart")
        await coder.advance(10)
    assert answers[0].data["state"].startswith("ready")
    assert [path.rsplit("/", 1)[1] for path in coder.paths] == ["cart", "parameters", "watch"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 404, "message": "Route not found."},
        {"kind": "content_type"},
        {"kind": "drop"},
        {"kind": "reset"},
    ],
)
async def test_a_wait_asks_again_and_again_where_coder_streams_nothing(fault: dict[str, Any], tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        world, workspace = desk.coder.world, desk.coder.agent("cart")
        desk.coder.break_with(route="GET /api/v2/workspaces/*/watch", **fault)
        world.report(workspace, "working", "At work")
        desk.coder.report_after(20, "cart", "complete", "All tests pass", PULL)
        began = world.now()
        answer = await desk.call("fleet_wait_for_agent", agent="cart", seconds=40)
    assert answer.data["finished"]
    assert 20 <= world.now() - began <= 26


async def test_a_wait_finds_what_time_alone_brings_about_while_the_stream_is_silent(tmp_path: Path) -> None:
    scenario = deepcopy(SCENARIO)
    scenario["templates"]["claude-dev"]["renews_machine"] = False
    async with fleet(tmp_path, scenario) as desk:
        world, workspace = desk.coder.world, desk.coder.agent("cart")
        world.build(workspace, "start", dict(workspace.latest.values), workspace.owner)
        await desk.coder.advance(100)
        answer, requests = await desk.counted("fleet_wait_for_agent", agent="cart", until="ready", seconds=45)
    assert answer.data["finished"]
    assert answer.data["state"].startswith("lost")
    assert requests <= 15


async def test_a_wait_ends_with_its_time_and_says_to_go_on(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        desk.coder.world.report(desk.coder.agent("cart"), "working", "At work")
        answer, requests = await desk.counted("fleet_wait_for_agent", agent="cart", seconds=45)
    assert not answer.data["finished"]
    assert answer.data["next_step"] == "Call fleet_wait_for_agent again"
    assert requests <= 15


async def test_a_wait_ends_when_the_agent_is_lost(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        world, workspace = desk.coder.world, desk.coder.agent("cart")
        world.report(workspace, "working", "At work")
        world.timeline.after(5, lambda: world.kill(workspace))
        answer = await desk.call("fleet_wait_for_agent", agent="cart")
    assert answer.data["finished"]
    assert answer.data["state"].startswith("lost")


async def test_a_wait_goes_on_with_the_same_agent_if_its_name_is_given_to_another(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        world, workspace = desk.coder.world, desk.coder.agent("cart")
        world.report(workspace, "working", "At work")
        world.build(workspace, "delete", dict(workspace.latest.values), workspace.owner)

        def create() -> None:
            world.create(workspace.owner, "cart", workspace.template, dict(workspace.latest.values))

        world.timeline.after(4, create)
        answer = await desk.call("fleet_wait_for_agent", agent="cart")
    assert answer.data["state"].startswith("deleted")


async def test_a_short_outage_does_not_end_a_wait(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        world, workspace = desk.coder.world, desk.coder.agent("cart")
        world.report(workspace, "working", "At work")
        world.timeline.after(2, lambda: desk.coder.break_with("status", status=503, count=2))
        desk.coder.report_after(12, "cart", "idle", "Waiting")
        answer = await desk.call("fleet_wait_for_agent", agent="cart")
    assert answer.data["finished"]
    assert "note" not in answer.data


async def test_a_token_that_coder_does_not_know_names_the_variable(tmp_path: Path) -> None:
    async with fleet(tmp_path, CODER_SESSION_TOKEN="wrong-token") as desk:
        answer = await desk.call("fleet_list_agents")
    assert answer.code == "AUTH_FAILED"
    assert "CODER_SESSION_TOKEN" in answer.data["next_step"]


async def test_the_limit_of_requests_says_how_long_to_wait(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        desk.coder.world.limit = 0
        answer = await desk.call("fleet_list_agents")
    assert (answer.code, answer.data["details"]["retry_after"]) == ("RATE_LIMITED", 60)


async def test_no_cookie_of_coder_is_sent_back_and_the_token_never_in_the_address(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        await desk.call("fleet_get_messages", agent="cart")
        await desk.call("fleet_get_messages", agent="cart")
        assert {request.has_cookie for request in desk.coder.world.requests} == {False}
        assert not any("token" in f"{request.path}{request.query}" for request in desk.coder.world.requests)
