from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_kit.token_count import count_tokens
from support.made_builds import made_build, made_repo

if TYPE_CHECKING:
    import respx

MANY = [made_repo(f"octo/service-{n:03}", made_build(n, message="x" * 200)) for n in range(1, 121)]


def some_repos() -> list[dict[str, Any]]:
    return [
        made_repo("mona/site", active=False),
        made_repo("octo/hello", made_build(41, "failure", message="Break it\n\nBadly")),
        made_repo("octo/idle"),
        made_repo("octo/payments", made_build(60), visibility="private", default_branch="trunk"),
    ]


async def test_repositories_cost_one_request_and_come_with_their_newest_build(
    connect: Any, drone: respx.MockRouter, era: str
) -> None:
    route = drone.get("/api/user/repos").respond(json=some_repos())
    async with connect(era) as agent:
        answer = await agent.call("drone_list_repos")
    assert [repo["repo"] for repo in answer.data["repos"]] == ["octo/payments", "octo/hello", "octo/idle"]
    assert answer.data["repos"][1] == {
        "repo": "octo/hello",
        "default_branch": "main",
        "visibility": "public",
        "latest": {
            "number": 41,
            "status": "failure",
            "event": "push",
            "branch": "main",
            "title": "Break it",
            "when": "2026-11-21T09:57:21Z",
        },
    }
    assert answer.data["total"] == 3
    assert answer.data["left_out"] == "1 inactive: include_inactive shows them"
    assert [dict(call.request.url.params) for call in route.calls] == [{"latest": "true"}]


async def test_inactive_repositories_are_marked(agent: Any, drone: respx.MockRouter) -> None:
    drone.get("/api/user/repos").respond(json=some_repos())
    answer = await agent.call("drone_list_repos", include_inactive=True, name="site")
    assert answer.data["repos"] == [
        {"repo": "mona/site", "default_branch": "main", "visibility": "public", "inactive": True}
    ]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("PAY", ["octo/payments"]),
        ("octo/", ["octo/payments", "octo/hello", "octo/idle"]),
        ("h*", ["octo/hello"]),
        ("octo/*l*", ["octo/hello", "octo/idle"]),
        ("*/payments", ["octo/payments"]),
    ],
)
async def test_a_name_is_a_part_or_a_glob(agent: Any, drone: respx.MockRouter, name: str, found: list[str]) -> None:
    drone.get("/api/user/repos").respond(json=some_repos())
    answer = await agent.call("drone_list_repos", name=name)
    assert [repo["repo"] for repo in answer.data["repos"]] == found


async def test_the_limit_says_how_many_more_there_are(agent: Any, drone: respx.MockRouter) -> None:
    drone.get("/api/user/repos").respond(json=some_repos())
    answer = await agent.call("drone_list_repos", limit=1)
    assert [repo["repo"] for repo in answer.data["repos"]] == ["octo/payments"]
    assert answer.data["left_out"].startswith("2 more that match: give a name or a higher limit; 1 inactive")


async def test_a_hundred_repositories_fit_the_budget_and_are_counted(agent: Any, drone: respx.MockRouter) -> None:
    drone.get("/api/user/repos").respond(json=MANY)
    answer = await agent.call("drone_list_repos", limit=100)
    assert count_tokens(answer.text) <= 2_000
    shown = len(answer.data["repos"])
    assert answer.data["total"] == 120
    assert answer.data["left_out"].startswith(f"{120 - shown} more that match")


async def test_repositories_out_of_scope_never_appear(connect: Any, drone: respx.MockRouter) -> None:
    drone.get("/api/user/repos").respond(json=some_repos())
    async with connect(DRONE_MCP_REPOS="octo/h*") as agent:
        answer = await agent.call("drone_list_repos", include_inactive=True)
    assert [repo["repo"] for repo in answer.data["repos"]] == ["octo/hello"]
    assert "mona" not in answer.text
    assert "payments" not in answer.text
    assert answer.data["total"] == 1


@pytest.mark.parametrize(
    ("repos", "arguments", "scope", "note", "next_step"),
    [
        ([], {}, "", "A machine user that is no administrator never has any", "press Sync"),
        (some_repos(), {"name": "nope"}, "", "No name matches 'nope'; there are 4 others", "without name"),
        (some_repos()[:1], {}, "", "all inactive", "include_inactive"),
        (some_repos(), {}, "other/*", "None of the token's repositories is within this role", "widen"),
    ],
)
async def test_an_empty_answer_says_why_and_what_to_do(
    connect: Any,
    drone: respx.MockRouter,
    repos: list[dict[str, Any]],
    arguments: dict[str, Any],
    scope: str,
    note: str,
    next_step: str,
) -> None:
    drone.get("/api/user/repos").respond(json=repos)
    async with connect(DRONE_MCP_REPOS=scope) as agent:
        answer = await agent.call("drone_list_repos", **arguments)
    assert (answer.data["repos"], answer.data["total"]) == ([], 0)
    assert note in answer.data["note"]
    assert next_step in answer.data["next_step"]


async def test_a_wrong_token_is_reported_as_one(agent: Any, drone: respx.MockRouter) -> None:
    drone.get("/api/user/repos").respond(401, json={"message": "Unauthorized"})
    answer = await agent.call("drone_list_repos")
    assert answer.data["code"] == "AUTH_FAILED"


async def test_the_single_page_of_a_wrong_address_is_reported_as_one(agent: Any, drone: respx.MockRouter) -> None:
    drone.get("/api/user/repos").respond(html="<!DOCTYPE html>")
    answer = await agent.call("drone_list_repos")
    assert answer.data["code"] == "DRONE_ERROR"
    assert "DRONE_SERVER" in answer.data["next_step"]
