"""Listing commits, and comparing refs and builds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_mcp_kit.token_count import count_tokens
from gitea_simulator.git import Person

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = "0abbfeb5bdcb92c1f461c276b3f1933835488f68"


async def test_commits_tell_who_changed_what_and_when(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        seen = await at.call("drone_list_commits", ref="feature/multiply")
        assert len(at.asked) == 1
    first = seen.data["commits"][0]
    assert (first["commit"], first["author"], first["title"]) == (HEAD[:10], "octavia", "Add multiplication")
    assert first["when"].endswith("Z")
    assert seen.data["total"] == len(seen.data["commits"]) == 2


async def test_commits_of_a_path_are_those_that_change_it(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        changed = await at.call("drone_list_commits", build=2, path="src/main.py")
        same = await at.call("drone_list_commits", build=2, path="README.md")
    assert [commit["title"] for commit in changed.data["commits"]] == ["Add multiplication", "Add and subtract"]
    assert [commit["title"] for commit in same.data["commits"]] == ["Add and subtract"]


async def test_many_commits_come_in_pages_within_the_budget(desk: Callable[..., Any]) -> None:
    titles: list[str] = []
    async with desk() as at:
        add_commits(at, 60)
        page: int | None = 1
        while page:
            seen = await at.call("drone_list_commits", page=page)
            assert count_tokens(seen.text) <= 2_000
            titles += [commit["title"] for commit in seen.data["commits"]]
            page = seen.data.get("next_page")
    assert titles == [f"change {number}" for number in range(60, 0, -1)] + ["Add and subtract"]


async def test_a_comparison_of_builds_has_commits_and_files(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        seen = await at.call("drone_compare_refs", base_build=1, head_build=3)
        assert len(at.asked) == 3
    assert seen.data["head"] == f"build 3 ({HEAD[:10]})"
    assert [commit["commit"] for commit in seen.data["commits"]] == [HEAD[:10]]
    assert set(seen.data["files"]) == {
        "modified poetry.lock",
        "modified src/main.py",
        "modified tests/test_main.py",
    }


async def test_a_missing_side_is_the_default_branch(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        seen = await at.call("drone_compare_refs", head="feature/multiply")
        assert len(at.asked) == 2
        at_build = await at.call("drone_compare_refs", head_build=2)
        assert len(at.asked) == 3
        neither = await at.call("drone_compare_refs")
    assert (seen.data["base"], seen.data["total_commits"]) == ("main", 1)
    assert at_build.data["total_commits"] == 1
    assert neither.code == "INVALID_INPUT"


async def test_a_long_comparison_keeps_its_budget_and_says_what_it_omits(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        old = at.drone.world.forge.repos["octo/hello"].git.branches["main"]
        add_commits(at, 60)
        seen = await at.call("drone_compare_refs", base=old, head="main")
    assert count_tokens(seen.text) <= 2_000
    assert (seen.data["total_commits"], len(seen.data["commits"])) == (60, 20)
    assert "40 older commits" in seen.data["left_out"]


async def test_an_unknown_ref_is_reported(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        seen = await at.call("drone_compare_refs", base="main", head="nosuch")
    assert seen.code == "NOT_FOUND"
    assert "nosuch" in seen.data["message"]


def add_commits(at: Any, count: int) -> None:
    """Push commits to the default branch at the forge, a second after each other."""
    git = at.drone.world.forge.repos["octo/hello"].git
    for number in range(1, count + 1):
        moment = at.drone.world.now() + number
        files = {f"docs/a_rather_long_name_of_a_file_{number}.md": "x"}
        git.commit("main", f"change {number}", files, Person("dev", "dev@example.com"), moment)
