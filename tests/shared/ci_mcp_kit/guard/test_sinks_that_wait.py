"""Whoever takes audit lines may be slow, silent or hostile: a change waits for them a while and can be cancelled."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from contextlib import ExitStack, asynccontextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from ci_mcp_kit.guard import audit as audit_module
from ci_mcp_kit.guard.audit import Audit
from ci_mcp_kit.guard.audit_chain import verify
from ci_mcp_kit.guard.audit_file import FileSink, head_path, lock_path
from ci_mcp_kit.guard.audit_sinks import HttpSink, Sink, StreamSink, sink_of
from ci_mcp_kit.guard.errors import AuditUnavailable
from ci_mcp_kit.outgoing_text import Cleaner
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


def locked(folder: Path, stack: ExitStack) -> Sink:
    """Make a file whose lock someone holds."""
    path = folder / "audit.jsonl"
    held = stack.enter_context(lock_path(path).open("w"))
    fcntl.flock(held, fcntl.LOCK_EX)
    return FileSink(path, None)


def fill(pipe: int) -> None:
    """Write until nothing more fits."""
    os.set_blocking(pipe, False)
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, b"x" * 4096)
    os.set_blocking(pipe, True)


def full_pipe(_: Path, stack: ExitStack) -> Sink:
    """Make a pipe, like stderr, that nobody reads and that is full."""
    ends = os.pipe()
    for end in ends:
        stack.callback(os.close, end)
    fill(ends[1])
    return StreamSink(lambda: nullcontext(ends[1]), None)


def full_fifo(folder: Path, stack: ExitStack) -> Sink:
    """Make a FIFO with a reader that does not read."""
    path = folder / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    stack.callback(os.close, reader)
    writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    stack.callback(os.close, writer)
    fill(writer)
    return sink_of(str(path), None)


def silent_collector(_: Path, stack: ExitStack) -> Sink:
    """Make a collector that accepts connections and says nothing."""
    server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return HttpSink(f"http://127.0.0.1:{server.getsockname()[1]}/lines", None)


WAITING = [locked, full_pipe, full_fifo, silent_collector]


@pytest.mark.parametrize("make", WAITING)
async def test_a_sink_that_takes_nothing_is_an_error_after_a_while(
    tmp_path: Path, make: Callable[[Path, ExitStack], Sink], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "PATIENCE", 0.1)
    with ExitStack() as stack:
        audit = Audit(make(tmp_path, stack), {}, Cleaner())
        with anyio.fail_after(PATIENCE):
            with pytest.raises(AuditUnavailable):
                await audit.note("attempt")
            assert not await audit.try_note("outcome")


@pytest.mark.parametrize("make", WAITING)
async def test_a_wait_for_a_sink_can_be_cancelled(tmp_path: Path, make: Callable[[Path, ExitStack], Sink]) -> None:
    with ExitStack() as stack:
        audit = Audit(make(tmp_path, stack), {}, Cleaner())
        with anyio.fail_after(PATIENCE), anyio.move_on_after(0.1) as scope:
            await audit.note("attempt")
    assert scope.cancelled_caught


@asynccontextmanager
async def answering(*pieces: bytes, pause: float = 0) -> AsyncIterator[str]:
    """Serve one answer in pieces, and then the last piece again and again."""

    async def serve(stream: Any) -> None:
        with suppress(anyio.BrokenResourceError, anyio.EndOfStream):
            async with stream:
                await stream.receive()
                for piece in pieces:
                    await stream.send(piece)
                while True:
                    await anyio.sleep(pause)
                    await stream.send(pieces[-1])

    listener: Any = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        port = listener.listeners[0].extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - anyio's, not Django's
        yield f"http://127.0.0.1:{port}"
        tasks.cancel_scope.cancel()


async def test_a_collector_that_drips_its_answer_is_an_error_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "PATIENCE", 0.2)
    async with answering(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n", pause=0.01) as url:
        with anyio.fail_after(PATIENCE), pytest.raises(AuditUnavailable):
            await Audit(HttpSink(url, None), {}, Cleaner()).note("attempt")


async def test_an_answer_without_end_is_not_read() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n") as url:
        with anyio.fail_after(PATIENCE):
            await Audit(HttpSink(url, None), {}, Cleaner()).note("attempt")


async def test_no_proxy_of_the_environment_gets_audit_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "::1/128")
    async with answering(b"HTTP/1.1 204 No Content\r\n\r\n", pause=10) as url:
        await Audit(HttpSink(url, None), {}, Cleaner()).note("attempt")


async def test_whoever_may_read_the_file_cannot_hold_it_up(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    await FileSink(path, None).append({"n": 1})
    with path.open() as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        with anyio.fail_after(PATIENCE):
            await FileSink(path, None).append({"n": 2})


async def test_a_fifo_with_a_reader_gets_a_chain_and_without_one_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    sink = sink_of(str(path), None)
    with pytest.raises(OSError, match="No such device"):
        await sink.append({"n": 0})
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        for number in (1, 2):
            await sink.append({"n": number, "text": "x" * 10_000})
        lines = reader.read().decode().splitlines()
    assert [json.loads(line)["n"] for line in lines] == [1, 2]
    assert verify(lines, None).problems == ()


async def test_a_line_that_was_torn_is_not_joined_with_the_next() -> None:
    read, write = os.pipe()
    sink = StreamSink(lambda: nullcontext(write), None)
    with anyio.move_on_after(0.1):
        await sink.append({"n": 1, "text": ["x" * 1000] * 100, "more": ["y" * 1000] * 100})
    with os.fdopen(read, "rb") as reader:
        os.set_blocking(read, False)
        torn = reader.read()
        await sink.append({"n": 2})
        os.close(write)
        line, _ = (torn + reader.read()).decode().split("\n")[-2:]
    assert json.loads(line)["n"] == 2


@pytest.mark.parametrize("name", ["audit.jsonl", "audit.jsonl.head", "audit.jsonl.head.new", "audit.jsonl.lock"])
@pytest.mark.parametrize("kind", ["link", "dangling link", "fifo"])
async def test_what_stands_in_the_place_of_a_file_is_neither_written_nor_waited_for(
    tmp_path: Path, name: str, kind: str
) -> None:
    target, placed = tmp_path / "target", tmp_path / name
    if kind == "fifo":
        os.mkfifo(placed)
    else:
        placed.symlink_to(target)
    if kind == "link":
        target.write_text("precious\n", encoding="utf-8")
    with anyio.fail_after(PATIENCE):
        try:
            await FileSink(tmp_path / "audit.jsonl", None).append({"n": 1})
        except OSError:
            assert name != "audit.jsonl.head.new"
    assert kind != "link" or target.read_text(encoding="utf-8") == "precious\n"
    assert kind != "dangling link" or not target.exists()
    assert not head_path(target).exists()
