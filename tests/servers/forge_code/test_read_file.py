"""Reading a file: at a build, by lines and bytes, and what is no plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.agent import NUMBERED

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = "0abbfeb5bdcb92c1f461c276b3f1933835488f68"


async def test_a_file_is_read_as_it_is_at_a_build(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        seen = await at.call("drone_read_file", path="src/main.py", build=3, line=10)
        before = await at.call("drone_read_file", path="src/main.py", build=1)
    assert seen.data["at"] == f"build 3 ({HEAD[:10]})"
    assert seen.data["lines"] == "1-10 of 10"
    assert (10, "|", "    return a + b") in numbered(seen.data["text"])
    assert "mul" not in before.data["text"]


async def test_two_requests_are_enough_for_a_file_at_a_build(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        await at.call("drone_read_file", path="src/main.py", build=2)
        assert at.asked == ["GET /api/repos/octo/hello/builds/2", "GET /forge/api/v1/repos/octo/hello/raw/src/main.py"]
        await at.call("drone_read_file", path="src/main.py")
        assert len(at.asked) == 1


@pytest.mark.parametrize("ref", ["main", "feature/multiply", HEAD, HEAD[:8]])
async def test_a_ref_may_be_a_branch_with_a_slash_or_a_shortened_hash(desk: Callable[..., Any], ref: str) -> None:
    async with desk() as at:
        seen = await at.call("drone_read_file", path="src/main.py", ref=ref)
        assert len(at.asked) <= 2
    assert not seen.failed
    assert ("mul" in seen.data["text"]) is (ref != "main")


async def test_a_long_file_is_read_in_parts_that_join(desk: Callable[..., Any]) -> None:
    text = "".join(f"line {number} of many, with some words in it\n" for number in range(1, 501))
    async with desk() as at:
        push(at, {"long.txt": text})
        rows, step = [], "1-80"
        while step:
            part = await at.call("drone_read_file", path="long.txt", lines=step)
            assert part.data["lines"].endswith("of 500")
            rows += numbered(part.data["text"])
            step = part.data.get("next_step", "").rpartition(" ")[2]
    assert [number for number, _, _ in rows] == list(range(1, 501))
    assert "".join(f"{line}\n" for _, _, line in rows) == text


async def test_an_answer_keeps_its_budget_whatever_is_in_the_file(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        push(at, {"min.js": "a=1;" * 200_000, "wide.txt": "".join(f"{'word ' * 70}{n}\n" for n in range(2_000))})
        for path in ("min.js", "wide.txt"):
            seen = await at.call("drone_read_file", path=path, lines="1-1000")
            assert not seen.failed
            assert seen_tokens(seen) <= 2_000


async def test_binary_files_and_pointers_of_lfs_are_reported(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        binary = await at.call("drone_read_file", path="assets/logo.png")
        some = await at.call("drone_read_file", path="assets/logo.png", bytes="4-10")
        pointer = await at.call("drone_read_file", path="assets/film.mp4")
    assert binary.data["kind"] == "binary"
    assert "text" not in binary.data
    assert some.data["base64"] == "Rw0KAAAADQ=="
    assert "12345678 bytes in Git LFS" in pointer.data["kind"]


async def test_bytes_are_read_from_the_middle_of_a_large_file(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        push(at, {"big.txt": "0123456789" * 300_000})
        part = await at.call("drone_read_file", path="big.txt", bytes="2000000-2000009")
        lines = await at.call("drone_read_file", path="big.txt", lines="1-1")
        beyond = await at.call("drone_read_file", path="big.txt", bytes="3000000-3000009")
    assert (part.data["text"], part.data["bytes"], part.data["size"]) == ("0123456789", "2000000-2000009", 3_000_000)
    assert "bytes" in lines.data["left_out"]
    assert beyond.code == "INVALID_INPUT"


async def test_an_empty_file_is_empty(desk: Callable[..., Any]) -> None:
    async with desk() as at:
        push(at, {"empty.txt": ""})
        seen = await at.call("drone_read_file", path="empty.txt")
    assert not seen.failed
    assert seen.data["size"] == 0


async def test_a_secret_in_a_file_is_shown_neither_by_lines_nor_by_bytes(desk: Callable[..., Any]) -> None:
    secret = "ghp_" + "a1B2" * 9
    async with desk() as at:
        push(at, {"config.env": f"A=1\nTOKEN={secret}\nB=2\n"})
        lines = await at.call("drone_read_file", path="config.env")
        part = await at.call("drone_read_file", path="config.env", bytes="10-30")
    assert secret not in lines.text
    assert [number for number, _, _ in numbered(lines.data["text"])] == [1, 2, 3]
    assert part.code == "PERMISSION_DENIED"
    assert secret[:12] not in part.text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"path": "nosuch.py"}, "NOT_FOUND"),
        ({"path": "src"}, "NOT_FOUND"),
        ({"path": "../../etc/passwd"}, "INVALID_INPUT"),
        ({"path": "src/%2e%2e/x"}, "NOT_FOUND"),
        ({"path": "src\nmain.py"}, "INVALID_INPUT"),
        ({"path": ""}, "INVALID_INPUT"),
        ({"path": "src/main.py?ref=x#y"}, "NOT_FOUND"),
        ({"path": "README.md", "ref": "no..such"}, "INVALID_INPUT"),
        ({"path": "README.md", "ref": "nosuch"}, "NOT_FOUND"),
        ({"path": "README.md", "ref": "main", "build": 1}, "INVALID_INPUT"),
        ({"path": "README.md", "build": 99}, "NOT_FOUND"),
        ({"path": "README.md", "lines": "9-2"}, "INVALID_INPUT"),
        ({"path": "README.md", "lines": "1-9", "line": 3}, "INVALID_INPUT"),
        ({"path": "README.md", "line": 4000}, "INVALID_INPUT"),
        ({"path": "README.md", "bytes": "0-999999"}, "INVALID_INPUT"),
        ({"path": "README.md", "repo": "octo/../x"}, "INVALID_INPUT"),
    ],
)
async def test_what_cannot_be_read_is_reported(desk: Callable[..., Any], arguments: dict[str, Any], code: str) -> None:
    async with desk() as at:
        seen = await at.call("drone_read_file", **arguments)
    assert seen.code == code, seen.text


def numbered(text: str) -> list[tuple[int, str, str]]:
    """Take numbered lines apart: number, mark, text."""
    rows = [NUMBERED.fullmatch(line) for line in text.split("\n")]
    return [(int(row[1]), row[2], row[3]) for row in rows if row]


def push(at: Any, files: dict[str, str]) -> None:
    """Commit files to the default branch at the forge."""
    from gitea_simulator.git import Person  # noqa: PLC0415 - only some tests push

    repo = at.drone.world.forge.repos["octo/hello"]
    repo.git.commit("main", "more files", files, Person("dev", "dev@example.com"), at.drone.world.now())


def seen_tokens(answer: Any) -> int:
    from ci_mcp_kit.token_count import count_tokens  # noqa: PLC0415 - likewise

    return count_tokens(answer.text)
