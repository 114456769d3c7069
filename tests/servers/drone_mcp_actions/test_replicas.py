"""Several processes of one agent, one after another or side by side: what one did, the others know."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import redis
from mcp.types import ElicitResult

from support.actions_desk import NOW, SCENARIO, TOOLS, Desk, Person, desk_at
from support.agent import Answer
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.redis_server import RedisServer

RESTART = {"repo": "octo/hello", "number": 1}
STOP = {"repo": "octo/hello", "number": 2}
KEY = "a key of the tests that is long enough"


@asynccontextmanager
async def processes(folder: Path, count: int, state: str, **env: str) -> AsyncIterator[tuple[list[Desk], Any]]:
    """Start servers of one agent before one Drone; also gives how to start one more."""
    clock = [NOW]
    async with running_simulator(SCENARIO, socket=True) as drone, AsyncExitStack() as stack:

        async def start(person: Person | None = None, **more: str) -> Desk:
            environment = {"DRONE_MCP_STATE": state, "DRONE_MCP_ACTION_KEY": KEY, **env, **more}
            opened = desk_at(drone, folder / "audit.jsonl", clock, person=person, **environment)
            return await stack.enter_async_context(opened)

        yield [await start() for _ in range(count)], start


def a_minute_later(desk: Desk, state: str) -> None:
    """Let the same call be no repetition any more; Redis goes by a clock of its own."""
    desk.clock[0] += 61
    if state.startswith("redis:"):
        with redis.Redis.from_url(state) as client:
            client.delete(*client.scan_iter("{drone-mcp}:note:call:*"))


async def test_the_rate_holds_over_replicas_and_restarts(tmp_path: Path, state: str) -> None:
    async with processes(tmp_path, 2, state, DRONE_MCP_ACTION_RATE="2/h") as ((one, other), start):
        assert not (await one.call("drone_restart_build", **RESTART)).failed
        assert not (await other.call("drone_restart_build", repo="octo/hello", number=3)).failed
        later = await start()
        for desk in (one, other, later):
            over = await desk.call("drone_restart_build", repo="octo/hello", number=2)
            assert (over.code, over.data["details"]["rule"]) == ("RATE_LIMITED", "rate")
        assert len(one.writes) == 2


async def test_the_same_call_is_sent_once_over_replicas_and_restarts(tmp_path: Path, state: str) -> None:
    async with processes(tmp_path, 2, state) as ((one, other), start):
        first = await one.call("drone_restart_build", **RESTART)
        later = await start()
        repeated = [await desk.call("drone_restart_build", **RESTART) for desk in (other, later)]
        assert len(one.writes) == 1
        assert [line["event"] for line in one.lines] == ["attempt", "outcome", "repeated", "repeated"]
    assert {answer.data["outcome"] for answer in repeated} == {"repeated"}
    assert {answer.data["new_build"] for answer in repeated} == {first.data["new_build"]}


async def test_the_same_call_at_two_replicas_at_once_is_sent_once(tmp_path: Path, state: str) -> None:
    async with processes(tmp_path, 2, state) as (desks, _):
        answers: list[Answer] = []

        async def restart(desk: Desk) -> None:
            answers.append(await desk.call("drone_restart_build", **RESTART))

        async with anyio.create_task_group() as both:
            for desk in desks:
                both.start_soon(restart, desk)
        assert len(desks[0].writes) == 1
    assert sorted(answer.code for answer in answers) in (["", "CONFLICT"], ["", ""])


async def test_a_call_whose_answer_was_lost_with_its_process_is_not_sent_by_the_next(
    tmp_path: Path, state: str
) -> None:
    async with processes(tmp_path, 1, state) as ([one], start):
        one.drone.break_with("status", status=502, route="POST /api/repos/*", count=1)
        await one.call("drone_restart_build", **RESTART)
        again = await (await start()).call("drone_restart_build", **RESTART)
        assert len(one.writes) == 1
    assert (again.code, "may have happened" in again.data["next_step"]) == ("CONFLICT", True)


async def test_a_token_counts_once_wherever_it_is_brought(tmp_path: Path, state: str) -> None:
    async with processes(tmp_path, 2, state, DRONE_MCP_ACTION_CONFIRM="low") as ((one, other), start):
        token = (await one.call("drone_restart_build", **RESTART)).data["details"]["confirmation"]
        done = await other.call("drone_restart_build", **RESTART, confirmation=token)
        a_minute_later(one, state)
        for desk in (one, other, await start()):
            again = await desk.call("drone_restart_build", **RESTART, confirmation=token)
            assert (again.code, again.data["message"]) == ("NOT_CONFIRMED", "That confirmation was used before")
        assert len(one.writes) == 1
    assert done.data["outcome"] == "done"


def reply(asked: Any, says: str) -> Any:
    """The second round of a call."""
    return {
        "input_responses": {"confirm": ElicitResult.model_validate({"action": says, "content": {}})},
        "request_state": asked.request_state,
        "allow_input_required": True,
    }


async def test_an_answer_of_a_person_counts_once_whichever_replica_goes_on(tmp_path: Path, state: str) -> None:
    async with processes(tmp_path, 0, state, DRONE_MCP_ACTION_CONFIRM="low") as (_, start):
        one, other = await start(Person()), await start(Person())
        asked = await one.client.session.call_tool("drone_restart_build", RESTART, allow_input_required=True)
        done = await other.client.session.call_tool("drone_restart_build", RESTART, **reply(asked, "accept"))
        a_minute_later(one, state)
        again = await one.client.session.call_tool("drone_restart_build", RESTART, **reply(asked, "accept"))
        assert len(one.writes) == 1
    assert Answer(done).data["outcome"] == "done"
    assert Answer(again).data["message"] == "That confirmation was used before"


async def test_a_no_counts_at_every_replica_and_after_a_restart(tmp_path: Path, state: str) -> None:
    async with processes(tmp_path, 0, state) as (_, start):
        asked = Person("decline")
        await (await start(asked)).call("drone_stop_build", **STOP)
        agreeing = Person()
        desk = await start(agreeing)
        refused = await desk.call("drone_stop_build", **STOP)
        assert (refused.code, agreeing.asked, desk.writes) == ("NOT_CONFIRMED", [], [])
        desk.clock[0] += 301
        stranger = await start(Person(), SESSION_ID="session-2")
        assert not (await stranger.call("drone_stop_build", **STOP)).failed


async def test_another_agent_at_the_same_store_counts_for_itself(tmp_path: Path, state: str) -> None:
    async with processes(tmp_path, 1, state, DRONE_MCP_ACTION_RATE="1/h") as ([one], start):
        first = await one.call("drone_restart_build", **RESTART)
        second = await (await start(SESSION_ID="session-2")).call("drone_restart_build", **RESTART)
        same = await (await start(POD_NAME="pod-2")).call("drone_restart_build", **RESTART)
    assert [answer.data["outcome"] for answer in (first, second, same)] == ["done", "done", "repeated"]


async def test_without_a_shared_store_every_process_counts_for_itself(tmp_path: Path) -> None:
    async with processes(tmp_path, 2, "memory:", DRONE_MCP_ACTION_RATE="1/h") as (desks, _):
        answers = [await desk.call("drone_restart_build", **RESTART) for desk in desks]
        assert len(desks[0].writes) == 2
    assert [answer.data["outcome"] for answer in answers] == ["done", "done"]


async def every_tool(desk: Desk) -> list[Answer]:
    builds = [RESTART, STOP, {"repo": "octo/guarded", "number": 1}, {"repo": "octo/guarded", "number": 1}]
    return [await desk.call(tool, **build) for tool, build in zip(TOOLS, builds, strict=True)]


async def refuses_all(desk: Desk) -> None:
    answers = await every_tool(desk)
    assert desk.writes == []
    assert {answer.code for answer in answers} == {"WRITES_DISABLED"}
    assert all(answer.data["message"].startswith("It is unknown what was done before: ") for answer in answers)
    assert all("DRONE_MCP_STATE" in answer.data["next_step"] for answer in answers)
    assert all(answer.data["retryable"] for answer in answers)


async def test_while_the_store_is_gone_nothing_is_done_and_afterwards_it_is(
    tmp_path: Path, own_redis: RedisServer
) -> None:
    async with processes(tmp_path, 1, own_redis.url) as ([desk], _):
        own_redis.stop()
        await refuses_all(desk)
        own_redis.start()
        assert not (await desk.call("drone_restart_build", **RESTART)).failed


async def test_where_the_store_cannot_be_opened_nothing_is_done(tmp_path: Path) -> None:
    async with processes(tmp_path, 1, f"sqlite://{tmp_path}/no/state.db") as ([desk], _):
        await refuses_all(desk)


async def test_a_store_that_goes_away_between_the_checks_and_the_sending_ends_it_unsent(
    tmp_path: Path, own_redis: RedisServer
) -> None:
    person = Person(meanwhile=own_redis.stop)
    async with processes(tmp_path, 0, own_redis.url) as (_, start):
        desk = await start(person)
        answer = await desk.call("drone_stop_build", **STOP)
        assert (answer.code, len(person.asked), desk.writes) == ("WRITES_DISABLED", 1, [])


async def test_a_store_that_goes_away_while_drone_answers_does_not_lose_the_answer(
    tmp_path: Path, own_redis: RedisServer
) -> None:
    async with processes(tmp_path, 1, own_redis.url) as ([desk], _):
        take = desk.drone.world.faults.take

        def end_of_redis(method: str, path: str) -> Any:
            if method == "POST":
                own_redis.stop()
            return take(method, path)

        desk.drone.world.faults.take = end_of_redis  # type: ignore[method-assign]  # the test stands in between
        answer = await desk.call("drone_restart_build", **RESTART)
        own_redis.start()
        again = await desk.call("drone_restart_build", **RESTART)
        assert len(desk.writes) == 1
    assert (answer.data["outcome"], again.code) == ("done", "CONFLICT")


async def test_a_rehearsal_needs_no_store_to_have_been_written(tmp_path: Path, state: str) -> None:
    async with processes(tmp_path, 1, state, DRONE_MCP_ACTIONS="dry-run") as ([desk], _):
        answers = [await desk.call("drone_restart_build", **RESTART) for _ in range(2)]
    assert [answer.data["outcome"] for answer in answers] == ["dry_run", "dry_run"]


async def test_an_action_that_meets_a_moved_build_counts_once(tmp_path: Path, state: str) -> None:
    async with processes(tmp_path, 0, state, DRONE_MCP_ACTION_RATE="1/h") as (_, start):
        desk = await start(Person())
        desk.drone.break_with("status", status=409, route="DELETE *", count=1)
        answer = await desk.call("drone_stop_build", **STOP)
        assert len(desk.writes) == 2
    assert (answer.data["outcome"], answer.data["status"]) == ("done", "killed")
