"""Listing folders, and finding files by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_mcp_kit.token_count import count_tokens
from gitea_simulator.git import Person

if TYPE_CHECKING:
    from collections.abc import Callable


async def test_a_folder_shows_folders_and_sizes(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        root = await at.call("drone_list_files")
        assert at.asked == ["GET /forge/api/v1/repos/octo/hello/contents"]
        assets = await at.call("drone_list_files", path="assets/", build=1)
        assert len(at.asked) == 2
    assert "src/" in root.data["files"]
    assert "README.md 29" in root.data["files"]
    assert [line.split()[0] for line in assets.data["files"]] == ["assets/film.mp4", "assets/logo.png"]


async def test_files_are_found_anywhere_by_a_glob_or_a_part_of_the_path(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        glob = await at.call("drone_list_files", name="*.py")
        assert len(at.asked) == 2
        part = await at.call("drone_list_files", name="MAIN", ref="feature/multiply", path="src")
        none = await at.call("drone_list_files", name="*.rs")
        at_build = await at.call("drone_list_files", name="*.py", build=2)
        assert len(at.asked) == 2
    assert [line.split()[0] for line in glob.data["files"]] == ["src/main.py", "tests/test_main.py"]
    assert [line.split()[0] for line in part.data["files"]] == ["src/main.py"]
    assert none.data["total"] == 0
    assert at_build.data["total"] == 2


async def test_a_file_in_place_of_a_folder_is_reported(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        seen = await at.call("drone_list_files", path="README.md")
    assert "drone_read_file" in seen.data["next_step"]


async def test_a_large_folder_comes_in_parts_that_join_within_the_budget(desk: Callable[..., Any]) -> None:
    files = {f"gen/file_{number:04}_with_a_long_name.txt": "x" for number in range(700)}
    found: list[str] = []
    async with desk() as at:
        git = at.drone.world.forge.repos["octo/hello"].git
        git.commit("main", "many", files, Person("dev", "dev@example.com"), at.drone.world.now())
        start: int | None = 0
        while start is not None:
            part = await at.call("drone_list_files", path="gen", start=start)
            assert count_tokens(part.text) <= 2_000
            found += [line.split()[0] for line in part.data["files"]]
            start = part.data.get("next_start")
    assert found == sorted(files)


async def test_a_tree_with_more_entries_than_were_searched_is_reported(desk: Callable[..., Any]) -> None:
    files = {f"gen/{number}.txt": "x" for number in range(1_100)}
    async with desk() as at:
        git = at.drone.world.forge.repos["octo/hello"].git
        git.commit("main", "many", files, Person("dev", "dev@example.com"), at.drone.world.now())
        seen = await at.call("drone_list_files", name="main.py")
    assert "Only the first 1000" in seen.data["left_out"]
