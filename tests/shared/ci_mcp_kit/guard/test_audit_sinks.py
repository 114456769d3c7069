"""Audit lines reach their sink, and nothing is reported as kept that is not."""

from __future__ import annotations

import json
import logging
import os
import stat
from typing import TYPE_CHECKING

import anyio
import pytest
import respx

from ci_mcp_kit.guard.audit import Audit
from ci_mcp_kit.guard.audit_chain import Head, verify
from ci_mcp_kit.guard.audit_file import FileSink, head_path, lock_path
from ci_mcp_kit.guard.audit_sinks import sink_of
from ci_mcp_kit.guard.errors import AuditUnavailable
from ci_mcp_kit.outgoing_text import Cleaner

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"k" * 32
COLLECTOR = "https://audit.example.com/lines"


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def modes(folder: Path) -> dict[Path, int]:
    return {file: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def kept(path: Path) -> Head:
    return Head.parse(head_path(path).read_text(encoding="utf-8"))


async def test_a_file_holds_a_chain_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        await sink_of(str(path), KEY).append({"n": number})
    assert verify(lines(path), KEY, kept(path)).problems == ()
    assert modes(tmp_path) == dict.fromkeys((path, head_path(path), lock_path(path)), 0o600)


async def test_several_processes_write_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"

    async def write(sink: FileSink) -> None:
        for number in range(10):
            await sink.append({"n": number})

    async with anyio.create_task_group() as all_of_them:
        for _ in range(4):
            all_of_them.start_soon(write, FileSink(path, None))
    assert len(lines(path)) == 40
    assert verify(lines(path), None, kept(path)).problems == ()


@pytest.mark.parametrize("way", ["cut", "changed", "emptied", "last removed", "other key", "no head in the head"])
async def test_a_damaged_file_is_not_gone_on_with(tmp_path: Path, way: str) -> None:
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        await FileSink(path, None).append({"n": number})
    text = path.read_text(encoding="utf-8")
    after = {
        "cut": text[:-1],
        "changed": text.replace('"n":2', '"n":3'),
        "emptied": "",
        "last removed": "".join(text.splitlines(keepends=True)[:-1]),
    }
    path.write_text(after.get(way, text), encoding="utf-8")
    if way == "no head in the head":
        head_path(path).write_text("nothing", encoding="utf-8")
    with pytest.raises(OSError, match=r"audit\.jsonl"):
        await FileSink(path, KEY if way == "other key" else None).append({"n": 4})
    assert path.read_text(encoding="utf-8") == after.get(way, text)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")  # noqa: PTH110 - at import
async def test_a_full_disk_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    audit = Audit(sink_of("/dev/full", None), {"role": "ops"}, Cleaner())
    with pytest.raises(AuditUnavailable, match="nothing was sent"):
        await audit.note("attempt")
    assert not await audit.try_note("outcome")
    assert audit.recent == ()
    assert "No space left on device" in caplog.text


async def test_half_a_line_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write = tmp_path / "audit.jsonl", os.write
    await FileSink(path, None).append({"n": 1})
    before = path.read_bytes()
    written: list[int] = []

    def half(file: int, data: bytes) -> int:
        if written:
            raise OSError(28, "No space left on device")
        written.append(len(data) // 2)
        return write(file, data[: written[0]])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space"):
        await FileSink(path, None).append({"n": 2})
    monkeypatch.undo()
    assert path.read_bytes() == before
    await FileSink(path, None).append({"n": 3})
    assert verify(lines(path), None, kept(path)).problems == ()


async def test_a_head_that_cannot_be_kept_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write = tmp_path / "audit.jsonl", os.write
    await FileSink(path, None).append({"n": 1})
    before = sorted(os.listdir(tmp_path)), kept(path)  # noqa: PTH208 - the names

    def refuse_head(file: int, data: bytes) -> int:
        if not data.startswith(b"{"):
            raise OSError(28, "No space left on device")
        return write(file, data)

    monkeypatch.setattr(os, "write", refuse_head)
    with pytest.raises(OSError, match="No space"):
        await FileSink(path, None).append({"n": 2})
    monkeypatch.undo()
    assert (sorted(os.listdir(tmp_path)), kept(path)) == before  # noqa: PTH208 - likewise
    await FileSink(path, None).append({"n": 3})
    assert verify(lines(path), None, kept(path)).problems == ()


async def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        await sink_of(str(tmp_path / "no" / "audit"), None).append({})


async def test_stderr_gets_a_chain_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    sink = sink_of("stderr", None)
    for number in range(3):
        await sink.append({"n": number})
    assert verify(capfd.readouterr().err.splitlines(), None, None).problems == ()


async def test_a_collector_gets_line_after_line() -> None:
    sink = sink_of(COLLECTOR, KEY)
    with respx.mock() as network:
        route = network.post(COLLECTOR).respond(204)
        await sink.append({"n": 1})
        await sink.append({"n": 2})
    bodies = [call.request.content.decode() for call in route.calls]
    assert verify(bodies, KEY, None).problems == ()
    assert [json.loads(body)["n"] for body in bodies] == [1, 2]


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_collector_that_does_not_keep_it_is_an_error(status: int) -> None:
    with respx.mock() as network:
        network.post(COLLECTOR).respond(status)
        with pytest.raises(OSError, match=f"answered {status}"):
            await sink_of(COLLECTOR, None).append({})


async def test_a_collector_out_of_reach_is_an_error() -> None:
    import httpx  # noqa: PLC0415 - for this test alone

    with respx.mock() as network:
        network.post(COLLECTOR).mock(side_effect=httpx.ConnectError("no"))
        with pytest.raises(OSError, match="ConnectError"):
            await sink_of(COLLECTOR, None).append({})


async def test_a_line_says_who_when_and_what_without_secrets(tmp_path: Path) -> None:
    logging.getLogger("ci_mcp_kit").setLevel(logging.INFO)
    audit = Audit(FileSink(tmp_path / "a", None), {"role": "ops", "pod": "p"}, Cleaner(), lambda: 1_795_255_000.5)
    await audit.note("attempt", repo="octo/hello", message="password=hunter2hunter2 \u202e", rule="")
    (line,) = [json.loads(line) for line in lines(tmp_path / "a")]
    assert line["agent"] == {"role": "ops", "pod": "p"}
    assert line["time"] == "2026-11-21T09:56:40.500000Z"
    assert "hunter2" not in json.dumps(line)
    assert "rule" not in line
    assert [entry["event"] for entry in audit.recent] == ["attempt"]
