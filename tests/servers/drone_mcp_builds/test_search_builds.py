"""Listing and finding builds: what is asked of Drone, what is filtered here, and how far one call looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ci_mcp_kit.token_count import count_tokens
from support.made_builds import COMMIT, failing_build, made_build

if TYPE_CHECKING:
    import respx

BUILDS = "/api/repos/octo/hello/builds"


class History:
    """A Drone that pages through builds as the real one does."""

    def __init__(self, drone: respx.MockRouter, builds: list[dict[str, Any]]) -> None:
        self.builds = builds
        self.asked: list[dict[str, str]] = []
        drone.get(BUILDS).mock(side_effect=self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        params = dict(request.url.params)
        self.asked.append(params)
        refs = {f"refs/heads/{params.get('branch')}", f"refs/tags/{params.get('tag')}"}
        filtered = {"branch", "tag"} & params.keys()
        every = [build for build in self.builds if not filtered or build["ref"] in refs]
        size = int(params["per_page"])
        start = (int(params["page"]) - 1) * size
        return httpx.Response(200, json=every[start : start + size])


def numbers(answer: Any) -> list[int]:
    return [build["number"] for build in answer.data["builds"]]


def newest_first(last: int, **special: dict[str, Any]) -> list[dict[str, Any]]:
    """Builds from `last` down to 1; `b7={…}` makes build 7 special."""
    return [made_build(n, **special.get(f"b{n}", {})) for n in range(last, 0, -1)]


async def test_the_newest_builds_cost_one_request(connect: Any, drone: respx.MockRouter, era: str) -> None:
    history = History(drone, [failing_build(41), *newest_first(40)])
    async with connect(era) as agent:
        answer = await agent.call("drone_list_builds", repo="octo/hello", limit=3)
    assert numbers(answer) == [41, 40, 39]
    assert history.asked == [{"page": "1", "per_page": "3"}]
    assert answer.data["builds"][0] == {
        "number": 41, "status": "failure", "event": "push", "branch": "main", "title": "Change 41", "author": "mona",
        "commit": "0123456789", "when": "2026-11-21T09:57:21Z", "seconds": 60,
    }  # fmt: skip
    assert answer.data["next_step"] == "drone_get_build with number 41 shows what failed"


@pytest.mark.parametrize("limit", [1, 10, 50])
async def test_a_list_without_filters_costs_one_request_whatever_its_length(
    agent: Any, drone: respx.MockRouter, limit: int
) -> None:
    history = History(drone, newest_first(200))
    answer = await agent.call("drone_list_builds", repo="octo/hello", limit=limit)
    assert numbers(answer) == list(range(200, 200 - limit, -1))
    assert len(history.asked) == 1


async def test_a_branch_is_left_to_drone(agent: Any, drone: respx.MockRouter) -> None:
    history = History(drone, newest_first(9, b4={"ref": "refs/heads/topic/x", "target": "topic/x"}))
    answer = await agent.call("drone_list_builds", repo="octo/hello", branch="refs/heads/topic/x")
    assert numbers(answer) == [4]
    assert history.asked == [{"page": "1", "per_page": "10", "branch": "topic/x"}]
    assert "cursor" not in answer.data


async def test_pull_requests_into_a_branch_are_found_though_drone_has_no_filter_for_them(
    agent: Any, drone: respx.MockRouter
) -> None:
    pull = {"event": "pull_request", "ref": "refs/pull/7/head", "source": "fix", "target": "main"}
    history = History(drone, newest_first(9, b4=pull, b3=pull | {"target": "next"}))
    answer = await agent.call("drone_list_builds", repo="octo/hello", branch="main", event="pull_request")
    assert numbers(answer) == [4]
    assert answer.data["builds"][0]["pull_request"] == 7
    assert history.asked == [{"page": "1", "per_page": "100"}]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"status": "failed"}, [8, 6]),
        ({"status": "error"}, [6]),
        ({"status": "unfinished"}, [9]),
        ({"event": "cron"}, [5]),
        ({"author": "HUBOT"}, [4]),
        ({"author": "mona@example.com", "status": "killed"}, [3]),
        ({"status": "declined"}, []),
    ],
)
async def test_what_drone_cannot_filter_is_filtered_here(
    agent: Any, drone: respx.MockRouter, arguments: dict[str, Any], found: list[int]
) -> None:
    special = {
        "b9": {"status": "pending"},
        "b8": {"status": "failure"},
        "b6": {"status": "error"},
        "b5": {"event": "cron"},
        "b4": {"author_login": "hubot", "author_email": "hubot@example.com", "author_name": "H", "sender": "hubot"},
        "b3": {"status": "killed"},
    }
    history = History(drone, newest_first(9, **special))
    answer = await agent.call("drone_list_builds", repo="octo/hello", **arguments)
    assert numbers(answer) == found
    assert answer.data["looked_at"] == "all 9 builds"
    assert len(history.asked) == 1
    if not found:
        assert answer.data["next_step"] == "Nothing more to look at: call again without status"


async def test_a_search_stops_after_five_pages_and_says_how_far_it_looked(agent: Any, drone: respx.MockRouter) -> None:
    history = History(drone, newest_first(900, b200={"status": "failure"}))
    first = await agent.call("drone_list_builds", repo="octo/hello", status="failure")
    assert numbers(first) == []
    assert len(history.asked) == 5
    assert first.data["looked_at"] == "the newest 500 builds, numbers 900 to 401"
    assert first.data["next_step"].startswith("Nothing found so far: call again with cursor")
    then = await agent.call("drone_list_builds", repo="octo/hello", status="failure", cursor=first.data["cursor"])
    assert numbers(then) == [200]
    assert then.data["looked_at"] == "400 builds, numbers 400 to 1"
    assert "cursor" not in then.data


async def test_a_cursor_goes_on_where_the_list_ended_though_builds_were_added(
    agent: Any, drone: respx.MockRouter
) -> None:
    history = History(drone, newest_first(30))
    first = await agent.call("drone_list_builds", repo="octo/hello", limit=10)
    history.builds = newest_first(37)
    second = await agent.call("drone_list_builds", repo="octo/hello", limit=10, cursor=first.data["cursor"])
    third = await agent.call("drone_list_builds", repo="octo/hello", limit=20, cursor=second.data["cursor"])
    assert numbers(first) + numbers(second) + numbers(third) == list(range(30, 0, -1))
    assert "cursor" not in third.data


async def test_a_cursor_inside_a_page_gives_the_rest_of_it(agent: Any, drone: respx.MockRouter) -> None:
    History(drone, newest_first(30, **{f"b{n}": {"status": "failure"} for n in (25, 15, 5)}))
    first = await agent.call("drone_list_builds", repo="octo/hello", status="failure", limit=2)
    assert numbers(first) == [25, 15]
    assert first.data["looked_at"] == "the newest 16 builds, numbers 30 to 15"
    rest = await agent.call("drone_list_builds", repo="octo/hello", status="failure", cursor=first.data["cursor"])
    assert numbers(rest) == [5]


@pytest.mark.parametrize(
    "other",
    [
        {"repo": "octo/other", "status": "failure"},
        {"repo": "octo/hello"},
        {"repo": "octo/hello", "status": "success"},
        {"repo": "octo/hello", "status": "failure", "branch": "main"},
    ],
)
async def test_a_cursor_of_another_question_is_refused_before_anything_leaves(
    agent: Any, drone: respx.MockRouter, other: dict[str, Any]
) -> None:
    history = History(drone, newest_first(20, b15={"status": "failure"}))
    first = await agent.call("drone_list_builds", repo="octo/hello", status="failure", limit=1)
    answer = await agent.call("drone_list_builds", cursor=first.data["cursor"], **other)
    assert answer.data["code"] == "INVALID_INPUT"
    assert "another repository or other filters" in answer.data["message"]
    assert len(history.asked) == 1


async def test_fifty_builds_fit_the_budget_and_say_what_was_cut(agent: Any, drone: respx.MockRouter) -> None:
    History(drone, [made_build(n, message="m" * 500) for n in range(9000, 8900, -1)])
    answer = await agent.call("drone_list_builds", repo="octo/hello", limit=50)
    assert count_tokens(answer.text) <= 2_000
    assert len(answer.data["builds"]) == 50
    assert answer.data["left_out"].startswith("To keep the list small: titles")


async def test_builds_that_no_cut_makes_small_enough_go_on_behind_the_cursor(
    agent: Any, drone: respx.MockRouter
) -> None:
    wide = {"event": "e" * 90, "target": "b" * 90, "status": "s" * 90}
    History(drone, [made_build(n, **wide) for n in range(60, 0, -1)])
    seen: list[int] = []
    first = await agent.call("drone_list_builds", repo="octo/hello", limit=50)
    assert first.data["left_out"].endswith(f"authors, {50 - len(numbers(first))} builds. A smaller limit shows all")
    cursor = None
    while len(seen) < 60:
        answer = await agent.call("drone_list_builds", repo="octo/hello", limit=50, cursor=cursor)
        assert count_tokens(answer.text) <= 2_000
        seen += numbers(answer)
        cursor = answer.data.get("cursor")
        if cursor is None:
            break
    assert seen == list(range(60, 0, -1))


async def test_a_repository_without_builds_gives_an_empty_list(agent: Any, drone: respx.MockRouter) -> None:
    History(drone, [])
    answer = await agent.call("drone_list_builds", repo="octo/hello")
    assert (answer.data["builds"], answer.data["looked_at"]) == ([], "no builds: there are none")


async def test_a_commit_is_found_by_its_beginning(agent: Any, drone: respx.MockRouter) -> None:
    history = History(drone, newest_first(9, b4={"after": "fedcba9876543210fedcba9876543210fedcba98"}))
    answer = await agent.call("drone_find_builds", repo="octo/hello", commit="FEDCBA9")
    assert numbers(answer) == [4]
    assert history.asked == [{"page": "1", "per_page": "100"}]


@pytest.mark.parametrize("commit", ["fedcb", "main", "fedcba9g", "../../etc"])
async def test_what_is_no_commit_is_refused(agent: Any, drone: respx.MockRouter, commit: str) -> None:
    answer = await agent.call("drone_find_builds", repo="octo/hello", commit=commit)
    assert answer.data["code"] == "INVALID_INPUT"
    assert not drone.calls


@pytest.mark.parametrize("ref", ["refs/pull/7/head", "refs/merge-requests/7/head", "refs/pull-requests/7/from"])
async def test_a_pull_request_is_found_on_every_source_host(agent: Any, drone: respx.MockRouter, ref: str) -> None:
    History(drone, newest_first(9, b4={"event": "pull_request", "ref": ref}, b5={"ref": "refs/pull/77/head"}))
    answer = await agent.call("drone_find_builds", repo="octo/hello", pull_request=7)
    assert numbers(answer) == [4]


async def test_a_branch_is_found_as_built_and_as_source_of_a_pull_request(agent: Any, drone: respx.MockRouter) -> None:
    pull = {"event": "pull_request", "ref": "refs/pull/7/head", "source": "fix", "target": "main"}
    History(drone, newest_first(9, b6=pull, b4={"ref": "refs/heads/fix", "target": "fix", "source": "fix"}))
    answer = await agent.call("drone_find_builds", repo="octo/hello", branch="fix")
    assert numbers(answer) == [6, 4]


async def test_a_tag_is_left_to_drone(agent: Any, drone: respx.MockRouter) -> None:
    history = History(drone, newest_first(9, b4={"event": "tag", "ref": "refs/tags/v1"}))
    answer = await agent.call("drone_find_builds", repo="octo/hello", tag="v1")
    assert numbers(answer) == [4]
    assert answer.data["builds"][0]["tag"] == "v1"
    assert history.asked == [{"page": "1", "per_page": "10", "tag": "v1"}]


async def test_an_old_pull_request_is_found_in_drones_own_index(agent: Any, drone: respx.MockRouter) -> None:
    history = History(drone, newest_first(600))
    pull = made_build(3, event="pull_request", ref="refs/pull/7/head")
    drone.get(f"{BUILDS}/pulls").respond(json=[made_build(2, ref="refs/pull/6/head"), pull])
    answer = await agent.call("drone_find_builds", repo="octo/hello", pull_request=7)
    assert numbers(answer) == [3]
    assert "then Drone was asked for its newest build of each pull request" in answer.data["looked_at"]
    assert len(history.asked) == 5


async def test_an_old_branch_is_found_by_drones_own_filter(agent: Any, drone: respx.MockRouter) -> None:
    history = History(drone, newest_first(600, b3={"ref": "refs/heads/old"}))
    answer = await agent.call("drone_find_builds", repo="octo/hello", branch="old")
    assert numbers(answer) == [3]
    assert history.asked[5:] == [{"page": "1", "per_page": "100", "branch": "old"}]


async def test_what_is_nowhere_says_so_and_how_to_go_on(agent: Any, drone: respx.MockRouter) -> None:
    History(drone, newest_first(600))
    answer = await agent.call("drone_find_builds", repo="octo/hello", branch="gone")
    assert numbers(answer) == []
    assert answer.data["looked_at"] == "the newest 500 builds, numbers 600 to 101"
    assert answer.data["cursor"]


async def test_a_pasted_address_is_one_request(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(f"{BUILDS}/41").respond(json=failing_build())
    answer = await agent.call("drone_find_builds", url="https://drone.example.com/octo/hello/41/1/3")
    assert (answer.data["repo"], numbers(answer)) == ("octo/hello", [41])
    assert answer.data["next_step"] == (
        "drone_get_build with number 41 shows its stages and steps; the address points at stage 1, step 3"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"url": "https://ci.example.org/octo/hello/41"}, "of another server"),
        ({"url": "https://drone.example.com/octo/hello"}, "names a repository but no build"),
        ({"url": "https://drone.example.com/octo/hello/41", "branch": "main"}, "names build 41 of octo/hello already"),
        ({"url": "https://drone.example.com/octo/hello/41", "repo": "octo/other"}, "already"),
        ({"repo": "octo/hello"}, "No criterion says which builds to find"),
        ({"repo": "octo/hello", "limit": 0, "tag": "v1"}, "limit"),
        ({"repo": "octo/hello", "status": "red"}, "status"),
    ],
)
async def test_questions_that_cannot_be_answered_are_refused_before_anything_leaves(
    agent: Any, drone: respx.MockRouter, arguments: dict[str, Any], message: str
) -> None:
    answer = await agent.call("drone_find_builds", **arguments)
    assert answer.data["code"] == "INVALID_INPUT"
    assert message in answer.data["message"]
    assert not drone.calls


async def test_the_address_of_another_server_names_the_one_that_can_be_asked(agent: Any) -> None:
    answer = await agent.call("drone_find_builds", url="https://ci.example.org/octo/hello/41")
    assert "https://drone.example.com" in answer.data["next_step"]
    assert answer.data["details"] == {"server": "https://drone.example.com"}


async def test_a_build_of_an_address_out_of_scope_is_refused(connect: Any, drone: respx.MockRouter) -> None:
    async with connect(DRONE_MCP_REPOS="mona/*") as agent:
        answer = await agent.call("drone_find_builds", url="https://drone.example.com/octo/hello/41")
    assert answer.data["code"] == "PERMISSION_DENIED"
    assert not drone.calls


async def test_an_answer_that_is_no_list_is_reported_as_such(agent: Any, drone: respx.MockRouter) -> None:
    drone.get(BUILDS).respond(json={"message": "hello"})
    answer = await agent.call("drone_list_builds", repo="octo/hello")
    assert answer.data["code"] == "DRONE_ERROR"


async def test_the_commit_of_a_list_finds_its_builds_again(agent: Any, drone: respx.MockRouter) -> None:
    History(drone, newest_first(3))
    listed = await agent.call("drone_list_builds", repo="octo/hello", limit=1)
    short = listed.data["builds"][0]["commit"]
    assert COMMIT.startswith(short)
    assert numbers(await agent.call("drone_find_builds", repo="octo/hello", commit=short)) == [3, 2, 1]
