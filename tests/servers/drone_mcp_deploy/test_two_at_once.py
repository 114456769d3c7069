"""Agents in processes of their own that change the same target at once: one of them does, the others are told."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from mcp import Client
from mcp.types import ElicitResult

from drone_mcp_simulator.scm import Pipeline
from support.actions_desk import Person
from support.agent import Agent, Answer
from support.simulator import running_simulator, until_sleeping
from support.warm import warm_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.simulator import SimulatorHandle

REPO = {"repo": "octo/hello"}
CREATE = "drone_create_deployment"


@asynccontextmanager
async def processes(
    state: str, world: str, *people: Any, **environment: str
) -> AsyncIterator[tuple[SimulatorHandle, list[Agent]]]:
    """Start a process for each person, of an agent of its own."""
    async with (
        running_simulator(Path(__file__).parent / world, socket=True) as drone,
        AsyncExitStack() as stack,
    ):
        variables = {
            "DRONE_SERVER": drone.url,
            "DRONE_TOKEN": "reader-token",
            "DRONE_WRITE_TOKEN": drone.admin_token,
            "DRONE_MCP_ACTIONS": "on",
            "DRONE_MCP_ACTION_REPOS": "octo/*",
            "DRONE_MCP_ACTION_TARGETS": "*",
            "DRONE_MCP_LOG_LEVEL": "error",
            "DRONE_MCP_STATE": state,
            **environment,
        }
        agents = []
        for number, person in enumerate(people):
            server = warm_server("drone_mcp_deploy", {**variables, "SESSION_ID": f"session-{number}"})
            client = await stack.enter_async_context(Client(server, elicitation_callback=person))
            agents.append(Agent(client))
        yield drone, agents


async def at_once(agents: list[Agent], *arguments: dict[str, Any], held: SimulatorHandle | None = None) -> list[Answer]:
    """Let each agent call the tool at the same time; return the answers in the order of the agents.

    A simulator that is `held` carries the one change out only after all other calls have been answered, so that none
    of them can come after it.
    """
    answers: dict[int, Answer] = {}
    others_answered = anyio.Event()

    async def call(number: int) -> None:
        answers[number] = await agents[number].call(CREATE, **REPO, **arguments[number])
        if len(answers) == len(agents) - 1:
            others_answered.set()

    async with anyio.create_task_group() as group:
        for number in range(len(agents)):
            group.start_soon(call, number)
        if held is not None:
            await others_answered.wait()
            await until_sleeping(held.world)
            await held.advance(1)
    return [answers[number] for number in range(len(agents))]


def writes(drone: SimulatorHandle) -> list[str]:
    return [f"{asked.method} {asked.path}" for asked in drone.asked if asked.method != "GET"]


async def test_of_agents_that_deploy_to_a_target_at_once_one_does(state: str) -> None:
    async with processes(state, "world.yaml", None, None, None) as (drone, agents):
        given = [{"number": number, "target": "staging"} for number in (1, 2, 3)]
        drone.break_with("delay", route="POST */promote", count=1)
        answers = await at_once(agents, *given, held=drone)
        (sent,) = writes(drone)
        await drone.advance(70)
        # The target has another deployment now, which the next one replaces.
        loser = next(number for number, answer in enumerate(answers) if answer.code == "CONFLICT")
        later = await agents[loser].call(CREATE, **REPO, **given[loser])
    assert sorted(answer.code for answer in answers) == ["", "CONFLICT", "CONFLICT"]
    winner = next(answer for answer in answers if not answer.failed)
    assert sent == f"POST /api/repos/octo/hello/builds/{winner.data['source']}/promote"
    assert later.data["outcome"] == "done"


async def test_different_targets_are_deployed_to_at_once(state: str) -> None:
    async with processes(state, "world.yaml", None, None) as (drone, agents):
        answers = await at_once(agents, {"number": 3, "target": "staging"}, {"number": 3, "target": "canary"})
        assert len(writes(drone)) == 2
    assert [answer.code for answer in answers] == ["", ""]


async def test_of_agents_that_open_the_last_preview_at_once_one_does(state: str) -> None:
    limit = {"DRONE_MCP_ACTION_PREVIEWS": "1/24h"}
    async with processes(state, "previews.yaml", None, None, **limit) as (drone, agents):
        answers = await at_once(agents, {"number": 2}, {"number": 4})
        assert len(writes(drone)) == 1
        loser = next(number for number, answer in enumerate(answers) if answer.failed)
        later = await agents[loser].call(CREATE, **REPO, number=(2, 4)[loser])
    assert sorted(answer.failed for answer in answers) == [False, True]
    assert (later.code, later.data["details"]["rule"]) == ("PERMISSION_DENIED", "previews")


async def test_a_yes_to_a_change_of_production_does_not_hold_after_another_deployment(state: str) -> None:
    production = {**REPO, "target": "production"}
    agents: list[Agent] = []
    asked: list[str] = []

    async def answer_late(context: Any, params: Any) -> ElicitResult:  # noqa: ARG001 - the SDK's signature
        asked.append(params.message)
        if len(asked) > 1:
            return ElicitResult(action="decline")
        assert (await agents[1].call(CREATE, **production, number=2)).data["outcome"] == "done"
        return ElicitResult(action="accept", content={"note": "as agreed"})

    async with processes(state, "world.yaml", answer_late, Person()) as (drone, started):
        agents += started
        answer = await agents[0].call(CREATE, **production, number=3)
        assert writes(drone) == ["POST /api/repos/octo/hello/builds/2/promote"]
    assert answer.code == "NOT_CONFIRMED"
    assert ["Nothing has been deployed there before" in question for question in asked] == [True, False]


async def test_where_drone_starts_nothing_the_target_is_free_for_the_next(state: str) -> None:
    async with processes(state, "world.yaml", None, None) as (drone, (one, other)):
        commits = drone.world.scm["octo/hello"].commits
        sha = drone.world.find_build(drone.world.repos["octo/hello"], 1).after
        commits[sha] = replace(commits[sha], pipeline=Pipeline())
        nothing = await one.call(CREATE, **REPO, target="staging", number=1)
        done = await other.call(CREATE, **REPO, target="staging", number=2)
    assert (nothing.data["outcome"], done.data["outcome"]) == ("nothing_started", "done")
