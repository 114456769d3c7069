"""A repository on both sides, under both of its names, and who may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


async def test_both_sides_of_a_repository_are_shown(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        seen = await at.call("drone_get_repository")
        assert len(at.asked) == 3
    assert seen.data["forge"]["default_branch"] == seen.data["drone"]["default_branch"] == "main"
    assert seen.data["forge"]["rights"] == "write"
    assert seen.data["drone"]["active"] is True
    assert seen.data["protected_branches"] == [
        {
            "branch": "main",
            "required_checks": ["continuous-integration/drone/pr"],
            "approvals": 1,
            "may_push": False,
        }
    ]


async def test_an_archive_is_reported(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        seen = await at.call("drone_get_repository", repo="octo/attic")
    assert seen.data["forge"]["archived"] is True


async def test_a_renamed_repository_is_read_by_the_name_that_drone_has(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        seen = await at.call("drone_get_repository", repo="octo/oldname")
        assert len(at.asked) == 3
        assert "call again" in seen.data["note"]
        again = await at.call("drone_get_repository", repo="octo/oldname")
        assert len(at.asked) == 3
        assert "call again" not in again.data["note"]
        file = await at.call("drone_read_file", repo="octo/oldname", path="src/app.py", build=1)
        assert len(at.asked) == 2
    assert seen.data["renamed_to"] == "octo/newname"
    assert "print" in file.data["text"]


async def test_a_new_name_out_of_scope_is_not_read(desk: Callable[..., Any]) -> None:
    async with desk(DRONE_MCP_REPOS="octo/oldname octo/hello") as at:
        seen = await at.call("drone_get_repository", repo="octo/oldname")
    assert seen.code == "PERMISSION_DENIED"
    assert "newname" not in seen.text


async def test_a_repository_out_of_scope_is_not_asked_for(desk: Callable[..., Any]) -> None:
    async with desk(DRONE_MCP_REPOS="octo/hello") as at:
        seen = await at.call("drone_read_file", repo="octo/attic", path="README.md")
        assert at.asked == []
    assert seen.code == "PERMISSION_DENIED"


async def test_a_token_without_the_scope_is_told_which_one_it_lacks(desk: Callable[..., Any]) -> None:
    async with desk(FORGE_TOKEN="forge-token-for-issues") as at:
        seen = await at.call("drone_read_file", path="README.md")
    assert seen.code == "PERMISSION_DENIED"
    assert seen.data["details"]["required_scope"] == "read:repository"
    assert "FORGE_TOKEN" in seen.data["next_step"]


async def test_a_wrong_token_is_reported_with_its_variable(desk: Callable[..., Any]) -> None:
    async with desk(FORGE_TOKEN="not-a-token") as at:
        seen = await at.call("drone_list_files")
    assert seen.code == "AUTH_FAILED"
    assert "FORGE_TOKEN" in seen.text
