from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from mcp import MCPError
from mcp.types import PromptReference, ResourceTemplateReference

from drone_mcp_builds.resources import LATEST, SUMMARY
from support.made_builds import made_build, made_repo

if TYPE_CHECKING:
    import respx

REPOS = [made_repo("mona/site"), made_repo("octo/hello"), made_repo("octo/Help"), made_repo("octo/payments")]


async def complete(agent: Any, name: str, typed: str, uri: str = SUMMARY, **known: str) -> list[str]:
    reference = ResourceTemplateReference(type="ref/resource", uri=uri)
    result = await agent.client.complete(reference, {"name": name, "value": typed}, context_arguments=known or None)
    values: list[str] = result.completion.values
    return values


async def test_owners_and_repositories_are_completed(connect: Any, drone: respx.MockRouter, era: str) -> None:
    route = drone.get("/api/user/repos").respond(json=REPOS)
    async with connect(era) as agent:
        assert await complete(agent, "owner", "") == ["mona", "octo"]
        assert await complete(agent, "owner", "OC") == ["octo"]
        assert await complete(agent, "repo", "hel", owner="octo") == ["Help", "hello"]
        assert await complete(agent, "repo", "", uri=LATEST) == ["site", "Help", "hello", "payments"]
    assert len(route.calls) == 1


async def test_build_numbers_are_completed_newest_first(agent: Any, drone: respx.MockRouter) -> None:
    route = drone.get("/api/repos/octo/hello/builds").respond(json=[made_build(n) for n in (41, 40, 4, 3)])
    assert await complete(agent, "number", "4", owner="octo", repo="hello") == ["41", "40", "4"]
    assert dict(route.calls.last.request.url.params) == {"page": "1", "per_page": "100"}


async def test_the_arguments_of_the_prompt_are_completed(agent: Any, drone: respx.MockRouter) -> None:
    drone.get("/api/user/repos").respond(json=REPOS)
    drone.get("/api/repos/octo/hello/builds").respond(json=[made_build(n) for n in (41, 40, 4)])
    reference = PromptReference(type="ref/prompt", name="watch_build")
    repos = await agent.client.complete(reference, {"name": "repo", "value": "octo/h"})
    given = {"repo": "octo/hello"}
    numbers = await agent.client.complete(reference, {"name": "number", "value": "4"}, context_arguments=given)
    assert repos.completion.values == ["octo/Help", "octo/hello"]
    assert numbers.completion.values == ["41", "40", "4"]


async def test_nothing_is_asked_without_the_repository(agent: Any, drone: respx.MockRouter) -> None:
    assert await complete(agent, "number", "") == []
    assert await complete(agent, "number", "", owner="octo") == []
    with pytest.raises(MCPError, match="There is no resource"):
        await complete(agent, "colour", "", uri="drone://something/{else}")
    assert not drone.calls


async def test_a_hundred_values_at_most_are_given_and_all_are_counted(agent: Any, drone: respx.MockRouter) -> None:
    drone.get("/api/user/repos").respond(json=[made_repo(f"octo/r{n:03}") for n in range(150)])
    reference = ResourceTemplateReference(type="ref/resource", uri=LATEST)
    result = await agent.client.complete(reference, {"name": "repo", "value": ""})
    assert (len(result.completion.values), result.completion.total, result.completion.has_more) == (100, 150, True)


async def test_what_is_out_of_scope_is_not_completed(connect: Any, drone: respx.MockRouter) -> None:
    drone.get("/api/user/repos").respond(json=REPOS)
    async with connect(DRONE_MCP_REPOS="octo/h*") as agent:
        assert await complete(agent, "owner", "") == ["octo"]
        assert await complete(agent, "repo", "") == ["hello"]
        assert await complete(agent, "number", "", owner="mona", repo="site") == []
    assert [call.request.url.path for call in drone.calls] == ["/api/user/repos"]


async def test_a_drone_that_does_not_answer_completes_nothing(agent: Any, drone: respx.MockRouter) -> None:
    drone.get("/api/user/repos").respond(401, json={"message": "Unauthorized"})
    assert await complete(agent, "owner", "") == []


@pytest.mark.parametrize("number", ["0", "x", "-1", "1.5", "9" * 30])
async def test_what_is_no_build_number_is_refused_before_anything_leaves(
    agent: Any, drone: respx.MockRouter, number: str
) -> None:
    with pytest.raises(Exception, match="whole number from 1 on"):
        await agent.read(f"drone://repo/octo/hello/build/{number}/summary")
    assert not drone.calls
