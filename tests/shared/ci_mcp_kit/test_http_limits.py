"""Strangers cannot exhaust a process over HTTP before it knows who they are."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import anyio.lowlevel
import httpx
import pytest

from ci_mcp_kit import http_limits, http_process
from ci_mcp_kit.http_settings import Address
from ci_mcp_kit.log_flood import MAX_REPEATS, WINDOW_SECONDS, RepeatLimit
from support.http_process import HttpProcess, bearer, serving, serving_alone
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

TOKEN = "a-token-of-the-tests-for-callers"
MIB: Final = 2**20
PROCESSES = {
    "a server": (("support.example_server", "--http", "127.0.0.1:0"), {"DRONE_MCP_HTTP_TOKEN": TOKEN}),
    "a role": (
        ("drone_mcp_config", "serve", "--role", "dev", "--http", "127.0.0.1:0"),
        {"DRONE_MCP_HTTP_TOKEN": TOKEN, "DRONE_REPO": "octo/hello"},
    ),
    "the receiver": (
        ("drone_mcp_webhooks", "serve", "--listen", "127.0.0.1:0"),
        {"DRONE_MCP_WEBHOOK_SECRET": TOKEN, "DRONE_SERVER": "", "DRONE_TOKEN": ""},
    ),
}


@pytest.fixture(scope="module", params=PROCESSES)
def process(request: pytest.FixtureRequest) -> Iterator[HttpProcess]:
    command, environment = PROCESSES[request.param]
    with serving_alone(*command, **environment) as running:
        yield running


def connect(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), PATIENCE)


def answer_to(url: str, *parts: bytes) -> bytes:
    """Send bytes for as long as they are taken; return all that is answered."""
    with connect(url) as client:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                client.sendall(part)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while chunk := client.recv(2**16):
                answer += chunk
    return answer


def memory(process: HttpProcess) -> int:
    """Return the most memory that a process has held so far, in bytes."""
    status = Path(f"/proc/{process.process.pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def processor_seconds(process: HttpProcess) -> float:
    fields = Path(f"/proc/{process.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_healthy(process: HttpProcess) -> bool:
    return process.ask("/healthz", "GET").status_code == 200


HEAD = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ATTACKS: dict[str, tuple[bytes, ...]] = {
    "one header of 96 MiB": (HEAD, b"X: ", *[b"a" * MIB] * 96),
    "a path of 96 MiB": (b"GET /", *[b"a" * MIB] * 96),
    "a header's name of 96 MiB": (HEAD, *[b"a" * MIB] * 96),
    "a million headers": (HEAD, *[b"a: b\r\n" * 10_000] * 100),
    "a head of 96 MiB after a good request": (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        HEAD,
        *[b"X: " + b"a" * 1000 + b"\r\n"] * 100_000,
    ),
    "a body of 96 MiB": (HEAD + b"Content-Length: 100663296\r\n\r\n", *[b"a" * MIB] * 96),
    "a body of 96 MiB of chunks": (CHUNKED, *[b"100000\r\n" + b"a" * MIB + b"\r\n"] * 96),
    "a chunk extension of 96 MiB": (CHUNKED, b"1;", *[b"a" * MIB] * 96),
    "two million trailer fields": (CHUNKED, b"0\r\n", *[b"a: b\r\n" * 10_000] * 200),
    "a million requests at once": tuple([b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10_000] * 100),
    "empty lines": tuple([b"\r\n" * MIB] * 96),
    "no HTTP at all": tuple([b"\x16\x03\x01\x02\x00" * MIB] * 8),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_whatever_a_stranger_sends_is_cut_off_and_is_not_held_in_memory(process: HttpProcess, attack: str) -> None:
    assert is_healthy(process)
    before, started = memory(process), processor_seconds(process)
    answer_to(process.url, *ATTACKS[attack])
    assert is_healthy(process)
    assert memory(process) - before < 16 * MIB
    assert processor_seconds(process) - started < 5


def test_a_head_is_taken_up_to_its_limits_and_refused_beyond_with_431(process: HttpProcess) -> None:
    def status(head: bytes) -> bytes:
        return answer_to(process.url, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + head + b"\r\n")[
            9:12
        ]

    assert status(b"X: " + b"a" * 65_000 + b"\r\n") == b"200"
    assert status(b"X: " + b"a" * 65_600 + b"\r\n") == b"431"
    assert status(b"a: b\r\n" * 98) == b"200"
    assert status(b"a: b\r\n" * 99) == b"431"


def test_bytes_that_come_one_by_one_count_like_those_that_come_at_once(process: HttpProcess) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: a\r\n\r\n"
    assert answer_to(process.url, *(bytes([byte]) for byte in head)).startswith(b"HTTP/1.1 200")
    pieces = [b"a" * 1000] * 70
    assert answer_to(process.url, head[:-4], *pieces).startswith(b"HTTP/1.1 431")


def test_thousands_of_connections_lock_nobody_out(process: HttpProcess) -> None:
    with contextlib.ExitStack() as stack:
        for count in range(2_000):
            client = stack.enter_context(connect(process.url))
            with contextlib.suppress(ConnectionError):  # an earlier one makes room for it later on
                client.sendall(
                    HEAD if count % 2 else HEAD + b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
                )
            if count % 500 == 0:
                assert is_healthy(process)
        assert is_healthy(process)
        assert process.ask("/readyz", "GET").status_code == 200
        # 404: this process has no such path, but it has let the caller in.
        assert {process.ask(path, **bearer(TOKEN)).status_code for path in ("/mcp", "/builds/mcp")} <= {200, 404}
        assert memory(process) < 400 * MIB


@pytest.mark.parametrize("name", PROCESSES)
def test_invented_tokens_and_broken_requests_do_not_fill_the_log(name: str) -> None:
    command, environment = PROCESSES[name]
    with serving(*command, **environment, DRONE_MCP_LOG_FORMAT="json") as process:
        for count in range(100):
            answer_to(process.url, b"no HTTP\r\n\r\n")
            answer_to(process.url, HEAD + b"Connection: close, upgrade\r\nUpgrade: h2c\r\n\r\n")
            paths = ("/mcp", "/builds/mcp", "/webhooks")  # each process has one of them
            refused = {process.ask(path, **bearer(f"invented-{count}")).status_code for path in paths}
            assert refused == {401, 404}
        process.process.terminate()
        _, errors = process.ending()
    assert len(errors.splitlines()) < 40


async def test_a_connection_that_does_not_go_on_is_closed_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "WRITE_SECONDS", "LINGER_SECONDS"):
        monkeypatch.setattr(http_limits, name, 0.1)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        size = 2**24 if scope["path"] == "/much" else 2
        while scope["method"] == "POST" and (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
        await send({"type": "http.response.body", "body": b"x" * size})

    stuck = {
        "nothing": b"",
        "half a head": HEAD,
        "an empty line": b"\r\n",
        "half a body": HEAD + b"Content-Length: 9\r\n\r\n{",
        "half a chunk": CHUNKED + b"2\r\n{",
        "half a second request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + HEAD,
        "an empty line after a request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n\r\n",
        "an answer that is not read": b"GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n",
    }
    with http_process.listen(Address("127.0.0.1", 0)) as listener:
        # Not `serve`, which takes the signals of the test's own process.
        server = http_process._SignalFree(http_process._config(app))
        async with anyio.create_task_group() as group:
            group.start_soon(server.serve, [listener])
            with anyio.fail_after(PATIENCE), contextlib.ExitStack() as stack:
                for sent in stuck.values():
                    stack.enter_context(connect(http_process.url_of(listener))).sendall(sent)
                while not server.started or len(server.server_state.connections) < len(stuck):
                    await anyio.lowlevel.checkpoint()
                while server.server_state.connections:
                    await anyio.lowlevel.checkpoint()
            async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
                assert (await http.post(http_process.url_of(listener), content=b"{}")).text == "xx"
            server.should_exit = True


def test_a_message_that_repeats_itself_is_let_through_a_few_times_and_counted() -> None:
    now = 0.0
    limit = RepeatLimit(lambda: now)

    def said(text: str, count: int) -> list[str]:
        records = [logging.LogRecord("x", logging.WARNING, "", 0, text, (n,), None) for n in range(count)]
        return [record.getMessage() for record in records if limit.filter(record)]

    assert len(said("refused: %s", 100)) == MAX_REPEATS
    assert said("another: %s", 1) == ["another: 0"]
    now = WINDOW_SECONDS
    assert said("refused: %s", 1) == [f"refused: 0 ({100 - MAX_REPEATS} more like this were left out)"]
    now = 2 * WINDOW_SECONDS
    assert said("refused: %s", 1) == ["refused: 0"]
