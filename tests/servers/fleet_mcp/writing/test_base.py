"""Changes of the fleet through the guard: what is sent, what a person is asked, and what is kept."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from support.actions_desk import Person
from support.coder import ON, READS, SCENARIO, WRITES, desk_at, fleet, running_coder

if TYPE_CHECKING:
    from pathlib import Path

NEW: dict[str, Any] = {"name": "till", "role": "dev", "project": "acme/shop", "task": "Add a till"}
PULL = "https://git.example.com/acme/shop/pull/17"


async def test_an_agent_is_created_by_role_and_project_and_answered_at_once(tmp_path: Path) -> None:
    async with fleet(tmp_path, **ON) as desk:
        _, first = await desk.counted("fleet_create_agent", **{**NEW, "name": "first"})
        answer, requests = await desk.counted("fleet_create_agent", **NEW)
        assert (answer.data["outcome"], answer.data["build"]) == ("done", 1)
        assert (first, requests) == (3, 3)
        assert "fleet_wait_for_agent with agent till" in answer.data["next_step"]
        waited = await desk.call("fleet_wait_for_agent", agent="till", until="ready")
        assert waited.data["finished"]
        values = desk.coder.agent("till").latest.values
    assert (values["role"], values["project"], values["ai_prompt"]) == ("dev", "acme/shop", "Add a till")
    assert desk.events[-2:] == ["attempt", "outcome"]


async def test_changes_are_made_with_the_token_that_writes_and_reads_with_the_other(tmp_path: Path) -> None:
    scenario = deepcopy(SCENARIO)
    tokens = scenario["users"]["mona"]["tokens"]
    # Only the reader's: creating with it would be refused, and so would reading with the writer's.
    tokens[READS] = ["coder:workspaces.access", "user:read"]
    tokens[WRITES] = ["coder:workspaces.create"]
    async with fleet(tmp_path, scenario, **ON) as desk:
        assert (await desk.call("fleet_create_agent", **NEW)).data["outcome"] == "done"
        refused = await desk.call("fleet_stop_task", agent="cart")
    assert refused.code == "PERMISSION_DENIED"
    assert "CODER_WRITE_TOKEN" not in refused.text.replace("next_step", "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"role": "chef"}, "No template serves that role"),
        ({"project": "Not A Project"}, "project is the repository"),
        ({"name": "no good"}, "no name of an agent"),
        ({"task": "x" * 33_000}, "32 KiB"),
        ({"task": "  "}, "empty"),
        ({"template": "none"}, "has that name"),
        ({"once": ""}, "once is a key"),
    ],
)
async def test_what_coder_would_refuse_or_ignore_is_refused_before_anything_is_created(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    async with fleet(tmp_path, **{**ON, "FLEET_ACTION_PROJECTS": "*/*"}) as desk:
        answer = await desk.call("fleet_create_agent", **{**NEW, **change})
    assert answer.failed
    assert said in answer.data["message"]
    assert desk.coder.writes == []


@pytest.mark.parametrize(
    ("change", "requests"),
    [
        ({}, ["GET templates", "GET rich-parameters", "POST workspaces"]),
        ({"FLEET_ACTIONS": "dry-run"}, ["GET templates", "GET rich-parameters", "GET me", "POST evaluate"]),
        ({"FLEET_ACTION_CONFIRM": "low"}, ["GET templates", "GET rich-parameters", "GET me", "POST evaluate"]),
    ],
)
async def test_a_value_that_the_template_refuses_is_named_with_its_parameter_and_creates_nothing(
    change: dict[str, str], requests: list[str], tmp_path: Path
) -> None:
    async with fleet(tmp_path, **{**ON, "FLEET_ACTION_PROJECTS": "ACME/*", **change}) as desk:
        answer = await desk.call("fleet_create_agent", **{**NEW, "project": "ACME/shop"})
    assert (answer.code, answer.data["details"]["fields"]) == ("INVALID_INPUT", ["project"])
    assert "Must look like owner/name" in answer.data["message"]
    assert [re.sub(" .*/", " ", path) for path in desk.coder.paths] == requests
    assert len(desk.coder.world.workspaces) == 2


async def test_a_rehearsed_creation_takes_three_requests_once_an_agent_was_listed(tmp_path: Path) -> None:
    async with fleet(tmp_path, **{**ON, "FLEET_ACTIONS": "dry-run"}) as desk:
        await desk.call("fleet_list_agents")
        answer, requests = await desk.counted("fleet_create_agent", **NEW)
    assert (answer.data["outcome"], requests) == ("dry_run", 3)


async def test_values_are_evaluated_before_a_creation_is_sent_once_the_owner_and_the_template_are_known(
    tmp_path: Path,
) -> None:
    async with fleet(tmp_path, **{**ON, "FLEET_ACTION_PROJECTS": "*/*"}) as desk:
        first, requests_of_first = await desk.counted("fleet_create_agent", **NEW)
        second, requests_of_second = await desk.counted("fleet_create_agent", **{**NEW, "name": "second"})
        before = len(desk.coder.paths)
        refused = await desk.call("fleet_create_agent", **{**NEW, "name": "third", "project": "ACME/shop"})
        asked = [re.sub(" .*/", " ", path) for path in desk.coder.paths[before:]]
    assert (first.data["outcome"], second.data["outcome"]) == ("done", "done")
    assert (requests_of_first, requests_of_second) == (3, 3)
    assert (refused.code, refused.data["details"]["fields"]) == ("INVALID_INPUT", ["project"])
    assert asked == ["GET templates", "POST evaluate"]


async def test_a_token_that_may_not_read_the_owner_is_told_which_scope_it_lacks(tmp_path: Path) -> None:
    scenario = deepcopy(SCENARIO)
    scenario["users"]["mona"]["tokens"][READS] = ["coder:workspaces.access"]
    async with fleet(tmp_path, scenario, **ON) as desk:
        await desk.call("fleet_list_agents")
        await desk.call("fleet_list_roles")
        answer = await desk.call("fleet_create_agent", **NEW)
    assert answer.code == "PERMISSION_DENIED"
    assert "CODER_SESSION_TOKEN made anew with the scope user:read" in answer.text
    assert len(desk.coder.world.workspaces) == 2


async def test_a_creation_that_names_its_template_reads_no_other(tmp_path: Path) -> None:
    scenario = deepcopy(SCENARIO)
    scenario["templates"] |= {"other": {}, "old": {"without": ["last_state"]}}
    async with fleet(tmp_path, scenario, **ON) as desk:
        answer, requests = await desk.counted("fleet_create_agent", **NEW, template="other")
    assert (answer.data["outcome"], requests) == ("done", 3)
    assert desk.coder.agent("till").template.name == "other"


async def test_a_name_that_is_taken_is_a_conflict_and_creates_nothing(tmp_path: Path) -> None:
    async with fleet(tmp_path, **ON) as desk:
        answer = await desk.call("fleet_create_agent", **{**NEW, "name": "cart"})
    assert (answer.code, answer.data["retryable"]) == ("CONFLICT", False)
    assert len(desk.coder.world.workspaces) == 2


async def test_two_processes_with_one_key_create_one_agent(tmp_path: Path) -> None:
    async with running_coder() as coder, desk_at(coder, tmp_path, **ON) as one, desk_at(coder, tmp_path, **ON) as other:
        answers: list[Any] = []

        async def create(desk: Any) -> None:
            answers.append(await desk.call("fleet_create_agent", **NEW, once="till-1"))

        async with anyio.create_task_group() as group:
            group.start_soon(create, one)
            group.start_soon(create, other)
        await coder.advance(30)
        again = await other.call("fleet_create_agent", **NEW, once="till-1")
        different = await other.call("fleet_create_agent", **NEW, once="till-2")
    assert sorted(answer.data["outcome"] for answer in answers) == ["done", "nothing_to_do"]
    assert again.data["outcome"] in {"nothing_to_do", "repeated"}
    assert different.code == "CONFLICT"
    assert [one.name for one in coder.world.workspaces.values()].count("till") == 1


async def test_a_key_is_found_in_the_first_build_also_after_further_ones(tmp_path: Path) -> None:
    async with running_coder() as coder:
        async with desk_at(coder, tmp_path, **ON) as one:
            await one.call("fleet_create_agent", **NEW, once="till-1")
            await coder.advance(30)
            await one.call("fleet_stop_task", agent="till")
            await coder.advance(30)
        async with desk_at(coder, tmp_path, **ON) as other:
            again = await other.call("fleet_create_agent", **NEW, once="till-1")
            history = await other.call("fleet_task_history", agent="till")
    assert again.data["outcome"] == "nothing_to_do"
    assert [task["outcome"] for task in history.data["tasks"]] == ["now stopped for 30 s"]


async def test_a_creation_whose_answer_is_lost_is_found_by_its_key(tmp_path: Path) -> None:
    async with fleet(tmp_path, **ON) as desk:
        desk.coder.break_with("status", route="POST /api/v2/users/*", status=502, handled=True, count=1)
        answer = await desk.call("fleet_create_agent", **NEW, once="till-1")
    assert answer.data["outcome"] == "done"
    assert len(desk.coder.writes) == 1


async def test_the_next_task_is_a_build_that_carries_the_outcome_of_the_one_before(tmp_path: Path) -> None:
    async with fleet(tmp_path, **ON) as desk:
        desk.coder.world.report(desk.coder.agent("cart"), "complete", 'Did "it"', PULL)
        answer = await desk.call("fleet_start_task", agent="cart", task="Now the basket")
        await desk.coder.advance(30)
        history = await desk.call("fleet_task_history", agent="cart")
        shown = await desk.call("fleet_show_agent", agent="cart")
    assert (answer.data["outcome"], answer.data["build"]) == ("done", 2)
    assert [(task["task"], task["outcome"]) for task in history.data["tasks"]] == [
        ('"Now the basket"', "now ready for 25 s"),
        ('"Fix the cart"', 'complete: "Did \\"it\\""'),
    ]
    assert history.data["tasks"][1]["pull_request"] == PULL
    assert shown.data["task_before"] == 'complete: "Did \\"it\\""'


async def test_to_interrupt_an_agent_at_work_with_a_run_takes_a_person(tmp_path: Path) -> None:
    person = Person("decline")
    async with fleet(tmp_path, person=person, **ON) as desk:
        desk.coder.world.report(desk.coder.agent("cart"), "working", "Deep in work")
        answer = await desk.call("fleet_start_task", agent="cart", task="Now the basket")
    assert answer.code == "NOT_CONFIRMED"
    assert 'at work (working, reported 0 s ago) on "Fix the cart"' in person.asked[0]
    assert desk.coder.writes == []


async def test_a_task_by_message_is_confirmed_from_the_conversation(tmp_path: Path) -> None:
    async with fleet(tmp_path, **ON) as desk:
        answer = await desk.call("fleet_start_task", agent="cart", task="Now the basket", deliver="message")
        assert answer.data["notes"] == ["Its conversation shows the message"]
        assert desk.coder.writes == ["POST /@mona/cart.main/apps/ai/message"]
        desk.coder.break_with("status", route="POST /@mona/*", status=502, handled=True, count=1)
        lost = await desk.call("fleet_send_message", agent="cart", message="And the till")
    assert lost.data["outcome"] == "done"
    assert desk.coder.agent("cart").agent.messages[-1].content == "And the till"  # type: ignore[union-attr]  # it has an agent


async def test_a_message_to_an_agent_that_is_not_connected_is_not_sent(tmp_path: Path) -> None:
    async with fleet(tmp_path, **ON) as desk:
        desk.coder.world.kill(desk.coder.agent("cart"))
        answer = await desk.call("fleet_send_message", agent="cart", message="Hello")
    assert answer.code == "CONFLICT"
    assert desk.coder.writes == []


async def test_a_task_is_stopped_and_its_outcome_kept(tmp_path: Path) -> None:
    async with fleet(tmp_path, **ON) as desk:
        desk.coder.world.report(desk.coder.agent("cart"), "failure", "Two tests fail")
        answer = await desk.call("fleet_stop_task", agent="cart")
        waited = await desk.call("fleet_wait_for_agent", agent="cart")
        await desk.coder.advance(60)
        again = await desk.call("fleet_stop_task", agent="cart")
        history = await desk.call("fleet_task_history", agent="cart")
    assert answer.data["outcome"] == "done"
    assert waited.data["state"].startswith("stopped")
    assert waited.data["state"].endswith("(was failure)")
    assert again.data["outcome"] == "nothing_to_do"
    assert history.data["tasks"][0]["outcome"] == 'failure: "Two tests fail"'


async def test_an_agent_is_interrupted_if_it_can_be_reached_else_stopped(tmp_path: Path) -> None:
    async with fleet(tmp_path, **ON) as desk:
        cart, blog = desk.coder.agent("cart"), desk.coder.agent("blog")
        assert cart.agent
        cart.agent.is_busy = True
        desk.coder.world.kill(blog)
        interrupted = await desk.call("fleet_stop_task", agent="cart", interrupt=True)
        await desk.call("fleet_stop_task", agent="blog", interrupt=True)
    assert interrupted.data["notes"] == ["It waits for input"]
    assert (cart.agent.is_busy, cart.latest.number) == (False, 1)
    assert (blog.latest.transition, blog.latest.number) == ("stop", 2)


async def test_the_pull_request_of_a_stopped_agent_is_recorded_without_starting_it(tmp_path: Path) -> None:
    async with fleet(tmp_path, **ON) as desk:
        await desk.call("fleet_stop_task", agent="cart")
        await desk.coder.advance(30)
        answer = await desk.call("fleet_set_pull_request", agent="cart", address=PULL)
        await desk.coder.advance(30)
        shown = await desk.call("fleet_show_agent", agent="cart")
        other = await desk.call("fleet_set_pull_request", agent="cart", address="https://git.example.com/a/b/pull/1")
    assert answer.data["outcome"] == "done"
    assert (shown.data["pull_request"], desk.coder.agent("cart").latest.transition) == (PULL, "stop")
    assert other.code == "INVALID_INPUT"


async def test_an_agent_is_deleted_once_a_person_agrees_and_never_orphaned(tmp_path: Path) -> None:
    person = Person()
    async with fleet(tmp_path, person=person, **ON) as desk:
        answer = await desk.call("fleet_delete_agent", agent="cart")
        await desk.coder.advance(30)
        gone = await desk.call("fleet_stop_task", agent="cart")
    assert answer.data["outcome"] == "done"
    assert person.asked[0].startswith("Delete agent mona/cart with all files of its workspace?")
    assert gone.code == "NOT_FOUND"


async def test_an_agent_whose_first_build_failed_can_be_deleted_by_its_name(tmp_path: Path) -> None:
    scenario = deepcopy(SCENARIO)
    scenario["agents"]["cart"]["task"] = "x" * 131_000
    async with fleet(tmp_path, scenario, Person(), **ON) as desk:
        answer = await desk.call("fleet_delete_agent", agent="mona/cart")
        await desk.coder.advance(30)
    assert answer.data["outcome"] == "done"
    assert desk.coder.writes[0].endswith("/builds")


async def test_a_build_under_way_is_waited_for_and_not_queued_upon(tmp_path: Path) -> None:
    async with fleet(tmp_path, **ON) as desk:
        await desk.call("fleet_stop_task", agent="cart")
        answer = await desk.call("fleet_start_task", agent="cart", task="Now the basket")
    assert (answer.code, answer.data["retryable"]) == ("CONFLICT", True)
    assert "stop build of mona/cart is under way" in answer.data["message"]


async def test_nothing_is_asked_or_sent_where_changes_are_off(tmp_path: Path) -> None:
    async with fleet(tmp_path) as desk:
        created = await desk.call("fleet_create_agent", **NEW)
        deleted = await desk.call("fleet_delete_agent", agent="cart")
    assert (created.code, deleted.code) == ("WRITES_DISABLED", "WRITES_DISABLED")
    assert desk.coder.paths == []


async def test_a_rehearsal_says_what_would_be_sent_and_sends_nothing(tmp_path: Path) -> None:
    async with fleet(tmp_path, **{**ON, "FLEET_ACTIONS": "dry-run"}) as desk:
        created = await desk.call("fleet_create_agent", **NEW)
        deleted = await desk.call("fleet_delete_agent", agent="cart")
    assert created.data["requests"] == ["POST /api/v2/users/me/workspaces"]
    assert deleted.data["needs_confirmation"]
    assert desk.coder.writes == []


async def test_agents_of_other_projects_and_other_operations_are_refused(tmp_path: Path) -> None:
    environment = {**ON, "FLEET_ACTION_PROJECTS": "acme/shop", "FLEET_ACTION_OPERATIONS": "stop,create"}
    async with fleet(tmp_path, **environment) as desk:
        blog = await desk.call("fleet_stop_task", agent="blog")
        deleted = await desk.call("fleet_delete_agent", agent="cart")
        created = await desk.call("fleet_create_agent", **{**NEW, "project": "acme/blog"})
    rules = [answer.data["details"]["rule"] for answer in (blog, deleted, created)]
    assert rules == ["projects", "operations", "projects"]
    assert desk.coder.writes == []


async def test_the_same_call_within_a_minute_is_sent_once(tmp_path: Path) -> None:
    async with fleet(tmp_path, **ON) as desk:
        await desk.call("fleet_send_message", agent="cart", message="Go on")
        again = await desk.call("fleet_send_message", agent="cart", message="Go on")
    assert again.data["outcome"] == "repeated"
    assert len(desk.coder.writes) == 1
