"""A person confirms, in both eras; nothing else counts as a confirmation."""

from __future__ import annotations

from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.types import ElicitResult

from drone_mcp_actions.server import create
from drone_mcp_build.guard.settings import ActionSettings
from support.actions_desk import ADDITIONS, ON, Person
from support.agent import Answer
from support.simulator import running_simulator

STOP = {"repo": "octo/hello", "number": 2}
KEY = "a key of the tests that is long enough"


async def test_a_person_who_agrees_has_it_done_and_is_on_record(at: Any, era: Any) -> None:
    person = Person("accept")
    async with at(era, person) as desk:
        answer = await desk.call("drone_stop_build", **STOP)
        assert desk.writes == ["DELETE /api/repos/octo/hello/builds/2"]
        assert desk.events == ["asked", "attempt", "outcome"]
        assert desk.lines[1]["confirmation"] == "person: as agreed"
    assert answer.data["status"] == "killed"
    assert len(person.asked) == 1
    assert person.asked[0].startswith("Stop build 2 of octo/hello (event push on main, commit ")


@pytest.mark.parametrize("says", ["decline", "cancel"])
async def test_a_person_who_does_not_agree_ends_it(at: Any, era: Any, says: str) -> None:
    async with at(era, Person(says)) as desk:
        answer = await desk.call("drone_stop_build", **STOP)
        assert desk.writes == []
        assert desk.events == ["asked", says]
    assert (answer.code, answer.data["details"]) == ("NOT_CONFIRMED", {"said": says})


async def test_a_no_is_final_for_a_while_and_nobody_is_asked_again(at: Any, era: Any) -> None:
    person = Person("decline")
    async with at(era, person) as desk:
        await desk.call("drone_stop_build", **STOP)
        person.says = "accept"
        refused = await desk.call("drone_stop_build", **STOP)
        assert (refused.code, len(person.asked), desk.writes) == ("NOT_CONFIRMED", 1, [])
        desk.clock[0] += 301
        await desk.call("drone_stop_build", **STOP)
        assert (len(person.asked), len(desk.writes)) == (2, 1)


async def test_who_closed_the_question_may_be_asked_again(at: Any, era: Any) -> None:
    person = Person("cancel")
    async with at(era, person) as desk:
        await desk.call("drone_stop_build", **STOP)
        person.says = "accept"
        assert not (await desk.call("drone_stop_build", **STOP)).failed


async def test_a_client_without_forms_gets_a_token_for_a_second_call(at: Any, era: Any) -> None:
    async with at(era) as desk:
        asked = await desk.call("drone_stop_build", **STOP)
        assert (asked.code, desk.writes) == ("NOT_CONFIRMED", [])
        token = asked.data["details"]["confirmation"]
        answer = await desk.call("drone_stop_build", **STOP, confirmation=token)
        assert desk.lines[1]["confirmation"] == "token"
    assert asked.data["message"].startswith("Stop build 2 of octo/hello")
    assert answer.data["status"] == "killed"


async def test_a_client_with_forms_cannot_take_the_way_around_by_a_token(at: Any, era: Any) -> None:
    async with at(era, DRONE_MCP_ACTION_KEY=KEY) as desk:
        token = (await desk.call("drone_stop_build", **STOP)).data["details"]["confirmation"]
    person = Person("decline")
    async with at(era, person, DRONE_MCP_ACTION_KEY=KEY) as desk:
        answer = await desk.call("drone_stop_build", **STOP, confirmation=token)
        assert (answer.code, len(person.asked), desk.writes) == ("NOT_CONFIRMED", 1, [])


@pytest.mark.parametrize("words", ["true", "yes", "1", "confirmed", "e30.e30", "W10.", ".", "é.é"])
async def test_a_word_is_no_confirmation(at: Any, words: str) -> None:
    async with at() as desk:
        answer = await desk.call("drone_stop_build", **STOP, confirmation=words)
        assert (answer.code, desk.writes, desk.events) == ("NOT_CONFIRMED", [], ["refused"])


async def test_a_token_is_for_one_build_one_operation_one_version_one_time_and_five_minutes(at: Any) -> None:
    async with at(DRONE_MCP_ACTION_CONFIRM="low", **ADDITIONS) as desk:

        async def ask(tool: str, **arguments: Any) -> str:
            return str((await desk.call(tool, **arguments)).data["details"]["confirmation"])

        token = await ask("drone_restart_build", repo="octo/hello", number=1)
        for tool, other in [
            ("drone_restart_build", {"repo": "octo/hello", "number": 2}),
            ("drone_restart_build", {"repo": "octo/hello", "number": 1, "debug": True}),
            ("drone_stop_build", STOP),
        ]:
            assert (await desk.call(tool, **other, confirmation=token)).code == "NOT_CONFIRMED"
        first = {"repo": "octo/hello", "number": 1, "confirmation": token}
        desk.build("octo/hello", 1).version += 1
        assert "moved on" in (await desk.call("drone_restart_build", **first)).data["message"]
        desk.build("octo/hello", 1).version -= 1
        assert (await desk.call("drone_restart_build", **first)).data["outcome"] == "done"
        desk.clock[0] += 61
        assert "used before" in (await desk.call("drone_restart_build", **first)).data["message"]
        late = await ask("drone_stop_build", **STOP)
        desk.clock[0] += 301
        assert "older than" in (await desk.call("drone_stop_build", **STOP, confirmation=late)).data["message"]
        assert desk.writes == ["POST /api/repos/octo/hello/builds/1"]


async def test_a_build_that_moves_while_the_person_thinks_is_not_touched(at: Any, era: Any) -> None:
    person = Person()
    async with at(era, person) as desk:

        def move() -> None:
            if len(person.asked) == 1:
                desk.build("octo/hello", 2).version += 1

        person.meanwhile = move
        answer = await desk.call("drone_stop_build", **STOP)
        if era == "legacy":
            assert (answer.code, desk.writes) == ("CONFLICT", [])
        else:  # the second round reads the build first, and asks about what it is now
            assert (answer.data["outcome"], len(person.asked)) == ("done", 2)


async def test_an_approval_says_what_is_approved(at: Any) -> None:
    person = Person()
    async with at(person=person, DRONE_MCP_ACTION_CONFIRM="medium") as desk:
        build = desk.build("octo/guarded", 1)
        build.event, build.source_repo, build.title = "pull_request", "eve/guarded", "Nice\u202e change\n"
        await desk.call("drone_approve_build", repo="octo/guarded", number=1)
    (asked,) = person.asked
    assert "stages 1 'build', 2 'deploy' of build 1 of octo/guarded" in asked
    assert "event pull_request" in asked
    assert "by grace" in asked
    assert "from the FORK eve/guarded" in asked
    assert "whether this commit changes .drone.yml" in asked
    assert "\u202e" not in asked


def server_of(url: str, token: str, audit: str, **env: str) -> Any:
    variables = {"DRONE_SERVER": url, "DRONE_WRITE_TOKEN": token, "DRONE_MCP_AUDIT_LOG": audit, **ON, **env}
    return create(ActionSettings.from_environment(variables))


@pytest.mark.parametrize("shared", [True, False])
async def test_another_replica_can_go_on_only_with_the_same_key(tmp_path: Any, shared: bool) -> None:
    env = {"DRONE_MCP_ACTION_KEY": KEY} if shared else {}
    async with running_simulator("demo", socket=True) as drone:
        one, other = [server_of(drone.url, drone.admin_token, str(tmp_path / "audit"), **env) for _ in range(2)]
        arguments = {"repo": "octo/hello", "number": 1, "confirmation": None}
        drone.world.find_build(drone.world.repos["octo/hello"], 1).status = "running"
        async with (
            Client(one, elicitation_callback=Person()) as here,
            Client(other, elicitation_callback=Person()) as there,
        ):
            asked: Any = await here.session.call_tool("drone_stop_build", arguments, allow_input_required=True)
            assert asked.result_type == "input_required"
            reply: Any = {
                "input_responses": {"confirm": ElicitResult(action="accept", content={})},
                "request_state": asked.request_state,
                "allow_input_required": True,
            }
            if not shared:
                with pytest.raises(MCPError, match="requestState"):
                    await there.session.call_tool("drone_stop_build", arguments, **reply)
                return
            answer = Answer(await there.session.call_tool("drone_stop_build", arguments, **reply))
            again = Answer(await there.session.call_tool("drone_stop_build", arguments, **reply))
    assert answer.data["status"] == "killed"
    assert again.data["outcome"] == "repeated"


async def test_a_declined_question_cannot_be_answered_otherwise_later(at: Any) -> None:
    async with at(person=Person()) as desk:
        asked: Any = await desk.client.session.call_tool("drone_stop_build", STOP, allow_input_required=True)
        codes = []
        for says in ("decline", "accept"):
            answer: Any = await desk.client.session.call_tool(
                "drone_stop_build",
                STOP,
                input_responses={"confirm": ElicitResult.model_validate({"action": says, "content": {}})},
                request_state=asked.request_state,
                allow_input_required=True,
            )
            codes.append(Answer(answer).code)
        assert (codes, desk.writes) == (["NOT_CONFIRMED", "NOT_CONFIRMED"], [])
