from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from mcp.types import PromptReference, ResourceTemplateReference

from support.made_builds import made_build, made_repo, made_stage, made_step

if TYPE_CHECKING:
    import respx
LOG = ResourceTemplateReference(
    type="ref/resource", uri="drone://repo/{owner}/{repo}/build/{number}/logs/{stage}/{step}"
)
PROMPT = PromptReference(type="ref/prompt", name="diagnose_failure")
BUILD = {"owner": "octo", "repo": "hello", "number": "7"}
STAGES = (
    made_stage(1, "build", "success", made_step(1, "clone"), made_step(2, "Test"), made_step(3, "test go")),
    made_stage(2, "deploy", "success", made_step(1, "clone"), made_step(2, "push"), made_step(3, "push")),
)


@pytest.fixture
def build(drone: respx.MockRouter) -> respx.Route:
    def answer(request: httpx.Request) -> httpx.Response:
        is_build = request.url.path.endswith("/builds/7")
        return httpx.Response(200, json=made_build(7, "success", *STAGES) if is_build else made_repo("octo/hello"))

    return drone.get(path__startswith="/api/repos/octo/hello").mock(side_effect=answer)


async def complete(agent: Any, reference: Any, name: str, typed: str, known: dict[str, str]) -> list[str]:
    result = await agent.client.complete(reference, {"name": name, "value": typed}, context_arguments=known)
    values: list[str] = result.completion.values
    return values


async def test_stages_and_steps_are_completed_by_name_and_number(connect: Any, build: respx.Route, era: str) -> None:
    async with connect(era) as agent:
        assert await complete(agent, LOG, "stage", "", BUILD) == ["build", "deploy", "1", "2"]
        assert await complete(agent, LOG, "stage", "d", BUILD) == ["deploy"]
        assert await complete(agent, LOG, "step", "te", BUILD | {"stage": "build"}) == ["Test", "test go"]
        assert await complete(agent, LOG, "step", "2", BUILD | {"stage": "1"}) == ["2"]
    assert build.called


@pytest.mark.usefixtures("build")
async def test_a_name_of_two_steps_is_not_offered(connect: Any) -> None:
    async with connect() as agent:
        assert await complete(agent, LOG, "step", "", BUILD | {"stage": "deploy"}) == ["clone", "1", "2", "3"]


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"owner": "octo", "repo": "hello"},
        BUILD | {"number": "0"},
        BUILD | {"number": "+7"},
        BUILD | {"number": "9" * 30},
        BUILD | {"owner": "mona"},
    ],
)
async def test_without_a_readable_build_nothing_is_asked(
    connect: Any, drone: respx.MockRouter, known: dict[str, str]
) -> None:
    async with connect(DRONE_MCP_REPOS="octo/*") as agent:
        for name in ("stage", "step"):
            assert await complete(agent, LOG, name, "", known | ({"stage": "1"} if name == "step" else {})) == []
        assert await complete(agent, LOG, "step", "", BUILD) == []
    assert not drone.calls


@pytest.mark.usefixtures("build")
async def test_a_stage_that_does_not_exist_has_no_steps(connect: Any) -> None:
    async with connect() as agent:
        assert await complete(agent, LOG, "step", "", BUILD | {"stage": "release"}) == []


async def test_the_arguments_of_the_prompt_are_completed(connect: Any, drone: respx.MockRouter) -> None:
    drone.get("/api/user/repos").respond(json=[made_repo("mona/site"), made_repo("octo/hello")])
    drone.get("/api/repos/octo/hello/builds").respond(json=[made_build(n) for n in (41, 40, 4, 3)])
    async with connect() as agent:
        assert await complete(agent, PROMPT, "repo", "octo", {}) == ["octo/hello"]
        assert await complete(agent, PROMPT, "number", "4", {"repo": "octo/hello"}) == ["41", "40", "4"]
