"""Artifacts that an agent saves to files, from a simulated Jenkins and from one that sends very large ones."""

from __future__ import annotations

import hashlib
import json
import stat
import sys
import tracemalloc
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio.abc import SocketAttribute

from support.jenkins import agent_of, jenkins_and_agent, running_jenkins

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONTENT = bytes(range(256)) * 1000
SCENARIO: dict[str, Any] = {"jobs": {"app": {"builds": [{"artifacts": {"out/ä b.bin": ""}}]}}}
ASK: dict[str, Any] = {"job": "app", "path": "out/ä b.bin", "form": "file"}


async def save(folder: Path, fault: dict[str, Any] | None = None, **env: str) -> Any:
    """Save the artifact of the scenario in a folder, while a fault is in force."""
    async with jenkins_and_agent(SCENARIO, JENKINS_ARTIFACTS_DIR=str(folder), **env) as (jenkins, agent):
        jenkins.job("app").builds[0].plan.artifacts["out/ä b.bin"] = CONTENT
        if fault:
            jenkins.break_with(route="GET */artifact/*", **fault)
        return await agent.call("jenkins_get_artifact", **ASK)


def files(folder: Path) -> dict[str, bytes]:
    """The content of each file of a folder, by its path."""
    return {str(file): file.read_bytes() for file in folder.iterdir()} if folder.exists() else {}


def put_link(at: str, target: Path) -> None:
    Path(at).unlink()
    Path(at).symlink_to(target)


async def test_an_artifact_is_saved_byte_for_byte(tmp_path: Path) -> None:
    answer = await save(tmp_path / "new" / "artifacts")
    ((file, content),) = files(tmp_path / "new" / "artifacts").items()
    assert answer.data == {
        "job": "app",
        "number": 1,
        "path": "out/ä b.bin",
        "size": len(CONTENT),
        "saved": file,
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
    }
    assert content == CONTENT
    assert file.endswith("-__b.bin")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such modes")
async def test_a_saved_artifact_is_readable_for_its_owner_only(tmp_path: Path) -> None:
    await save(tmp_path / "artifacts")
    modes = [
        stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "artifacts", *map(Path, files(tmp_path / "artifacts")))
    ]
    assert modes == [0o700, 0o600]


async def test_an_earlier_copy_is_replaced_and_a_link_is_not_followed(tmp_path: Path) -> None:
    folder, mine = tmp_path / "artifacts", tmp_path / "mine"
    mine.write_bytes(b"mine")
    first = (await save(folder)).data["saved"]
    put_link(first, mine)
    again = (await save(folder)).data["saved"]
    assert (again, files(folder)) == (first, {first: CONTENT})
    assert mine.read_bytes() == b"mine"


@pytest.mark.parametrize(("kind", "code"), [("reset", "NETWORK_ERROR"), ("status", "JENKINS_ERROR")])
async def test_of_an_artifact_that_does_not_come_whole_nothing_is_left(kind: str, code: str, tmp_path: Path) -> None:
    answer = await save(tmp_path, {"kind": kind})
    assert (answer.code, files(tmp_path)) == (code, {})


async def test_an_artifact_that_breaks_once_is_saved_all_the_same(tmp_path: Path) -> None:
    answer = await save(tmp_path, {"kind": "reset", "count": 1}, JENKINS_MAX_RETRIES="1", JENKINS_RETRY_BACKOFF="10ms")
    assert files(tmp_path) == {answer.data["saved"]: CONTENT}


async def test_an_artifact_over_the_limit_is_refused(tmp_path: Path) -> None:
    answer = await save(tmp_path, JENKINS_MAX_ARTIFACT="64K")
    assert (answer.code, "JENKINS_MAX_ARTIFACT" in answer.data["next_step"]) == ("JENKINS_ERROR", True)
    assert files(tmp_path) == {}


async def test_without_a_folder_nothing_is_saved() -> None:
    async with jenkins_and_agent(SCENARIO) as (_, agent):
        answer = await agent.call("jenkins_get_artifact", **ASK)
    assert (answer.code, "JENKINS_ARTIFACTS_DIR" in answer.data["next_step"]) == ("INVALID_INPUT", True)


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    answer = await save(tmp_path / "file" / "inside")
    assert (answer.code, "cannot be saved" in answer.data["message"]) == ("INVALID_INPUT", True)


async def test_like_named_artifacts_of_several_jenkins_get_files_of_their_own(tmp_path: Path) -> None:
    async with running_jenkins(SCENARIO) as one, running_jenkins(SCENARIO) as other:
        config = tmp_path / "jenkins.yaml"
        each = [
            {"name": name, "url": jenkins.url, "username": "dev", "apiToken": "a-token-of-the-tests"}
            for name, jenkins in (("one", one), ("other", other))
        ]
        config.write_text(json.dumps({"jenkins": each}), encoding="utf-8")
        config.chmod(0o600)
        env = {"JENKINS_CONFIG": str(config), "JENKINS_ARTIFACTS_DIR": str(tmp_path / "artifacts")}
        async with agent_of(**env) as agent:
            saved = [(await agent.call("jenkins_get_artifact", jenkins=name, **ASK)).data for name in ("one", "other")]
    assert len({answer["saved"] for answer in saved}) == 2
    assert {Path(answer["saved"]).parent for answer in saved} == {tmp_path / "artifacts"}


@asynccontextmanager
async def sending(size: int, piece: bytes) -> AsyncIterator[str]:
    """A server that has a job, and sends an artifact of any size without ever holding it."""
    job = json.dumps({"_class": "hudson.model.FreeStyleProject", "name": "app", "fullName": "app"}).encode()

    async def answer(connection: Any) -> None:
        # An agent that has read enough of an artifact breaks the connection.
        with suppress(anyio.BrokenResourceError, anyio.EndOfStream):
            while head := await connection.receive():
                if b"/artifact/" not in head.split(b"\r\n")[0]:
                    await connection.send(
                        b"HTTP/1.1 200 OK\r\nX-Jenkins: 2.579\r\nContent-Type: application/json\r\n"
                        b"Content-Length: %d\r\n\r\n" % len(job) + job
                    )
                    continue
                await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                for _ in range(size // len(piece)):
                    await connection.send(piece)
                break
        await connection.aclose()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, answer)
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - a socket's, not Django's
        yield f"http://127.0.0.1:{port}"
        group.cancel_scope.cancel()


async def test_memory_does_not_grow_with_an_artifact(tmp_path: Path) -> None:
    piece, size = bytes(2**16), 2**27
    digest = hashlib.sha256()
    for _ in range(size // len(piece)):
        digest.update(piece)
    async with (
        sending(size, piece) as url,
        agent_of(
            JENKINS_URL=url,
            JENKINS_USERNAME="dev",
            JENKINS_API_TOKEN="a-token-of-the-tests",
            JENKINS_ARTIFACTS_DIR=str(tmp_path),
        ) as agent,
    ):
        await agent.call("jenkins_get_artifact", job="app", build=1, path="a.bin")
        tracemalloc.start()
        try:
            answer = await agent.call("jenkins_get_artifact", job="app", build=1, path="a.bin", form="file")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (answer.data["size"], answer.data["sha256"]) == (size, digest.hexdigest())
    assert peak < 8 * 2**20
