"""A server as a process over HTTP, asked by real clients of both eras."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sys
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import httpx
import pytest

from ci_mcp_kit.http_process import listen
from ci_mcp_kit.http_settings import Address
from support.http_process import CALL, HEADERS, HttpProcess, bearer, serving, started
from support.patience import PATIENCE
from support.raw_server import RawServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

SERVER = ("support.example_server", "--http", "127.0.0.1:0")
TOKEN = "a-token-of-the-tests-for-callers"
BUILD = json.dumps({"id": 1, "number": 7, "status": "success", "stages": []}).encode()
BUILD_ANSWER = (
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BUILD), BUILD)
)


class HeldDrone(RawServer):
    """A Drone that has been asked and does not answer yet."""

    def __init__(self) -> None:
        super().__init__(BUILD_ANSWER)
        self.asked, self.released = anyio.Event(), anyio.Event()

    async def _serve(self, stream: Any) -> None:
        self.asked.set()
        await self.released.wait()
        await super()._serve(stream)


@pytest.fixture(scope="module")
def server() -> Iterator[HttpProcess]:
    with serving(*SERVER, DRONE_MCP_HTTP_TOKEN=TOKEN) as process:
        yield process


async def test_a_client_with_the_token_lists_and_calls(server: HttpProcess, era: str) -> None:
    async with server.client(mode=era, **bearer(TOKEN)) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        result = await client.call_tool("drone_echo", {"text": "hello"})
    assert "drone_echo" in names
    assert result.structured_content == {"text": "hello", "numbers": [1], "truncated": False}


async def test_progress_is_reported_while_a_call_runs(server: HttpProcess, era: str) -> None:
    reported = anyio.Event()
    seen: list[Any] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total, message))
        reported.set()

    async with server.client(mode=era, **bearer(TOKEN)) as client, anyio.create_task_group() as group:
        group.start_soon(lambda: client.call_tool("drone_wait", {}, progress_callback=note))
        with anyio.fail_after(PATIENCE):
            await reported.wait()
        group.cancel_scope.cancel()
    assert seen == [(1, 2, None)]


async def test_a_client_that_is_gone_leaves_no_call_behind(era: str) -> None:
    reported = anyio.Event()

    async def note(progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG001 - the SDK's
        reported.set()

    with serving(*SERVER, DRONE_MCP_LOG_FORMAT="json") as process:
        async with process.client(mode=era) as client, anyio.create_task_group() as group:
            group.start_soon(lambda: client.call_tool("drone_wait", {}, progress_callback=note))
            with anyio.fail_after(PATIENCE):
                await reported.wait()
            group.cancel_scope.cancel()
        assert process.process.stderr
        with anyio.fail_after(PATIENCE):
            line = await anyio.to_thread.run_sync(process.process.stderr.readline, abandon_on_cancel=True)
    assert json.loads(line)["message"] == "drone_wait cancelled"


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer"}, {"authorization": f"Basic {TOKEN}"}],
)
def test_nobody_without_the_token_gets_anywhere(server: HttpProcess, headers: dict[str, str]) -> None:
    answer = server.ask(**headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in answer.text


@pytest.mark.parametrize("reference", ["${MY_TOKEN}", "${env:MY_TOKEN}", "{env:MY_TOKEN}", "$MY_TOKEN", "x${MY_TOKEN}"])
def test_a_token_that_was_not_filled_in_is_refused_with_the_reason(server: HttpProcess, reference: str) -> None:
    answer = server.ask(**bearer(reference))
    assert answer.status_code == 401
    assert f"not filled in ({reference.removeprefix('x')}). Tell the user to set" in answer.json()["error"]["message"]


def test_a_token_that_was_filled_with_nothing_is_refused_with_the_reason(server: HttpProcess) -> None:
    answer = server.ask(authorization="Bearer")
    assert answer.status_code == 401
    assert "holds no token. Tell the user to set" in answer.json()["error"]["message"]


def test_white_space_around_a_header_is_no_part_of_it(server: HttpProcess) -> None:
    version = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    meta = {**version, "io.modelcontextprotocol/clientCapabilities": {}}
    params = {"name": "drone_echo", "arguments": {"text": "hello"}, "_meta": meta}
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "drone_echo"}
    padded = {name: f" \t{value}\t " for name, value in {**HEADERS, **headers, **bearer(TOKEN)}.items()}
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=PATIENCE)  # httpx would not send it
    with contextlib.closing(connection):
        connection.request("POST", "/mcp", json.dumps({**CALL, "method": "tools/call", "params": params}), padded)
        answer = connection.getresponse()
        assert (answer.status, json.load(answer)["result"]["structuredContent"]["text"]) == (200, "hello")


def test_a_request_for_another_host_is_refused(server: HttpProcess) -> None:
    for host in ("evil.example.com", "127.0.0.1.evil.example.com", "localhost@evil.example.com", ""):
        assert server.ask(**bearer(TOKEN), host=host).status_code in {400, 421}
    assert server.ask(**bearer(TOKEN), host="localhost:1234").status_code == 200


def test_a_page_from_elsewhere_cannot_make_a_browser_ask(server: HttpProcess) -> None:
    for origin in ("https://evil.example.com", "null", "http://127.0.0.1.evil.example.com", "file://localhost"):
        assert server.ask(**bearer(TOKEN), origin=origin).status_code == 403
    assert server.ask(**bearer(TOKEN), origin="http://localhost:3000").status_code == 200


def test_a_request_that_is_too_large_is_refused(server: HttpProcess) -> None:
    body = json.dumps(CALL).ljust(2**20 + 1)
    assert server.send("POST", "/mcp", body, bearer(TOKEN)).status_code == 413
    assert server.send("POST", "/mcp", body, {}).status_code == 401


def test_there_is_no_stream_to_get_and_no_session_to_delete(server: HttpProcess) -> None:
    for method in ("GET", "DELETE", "OPTIONS"):
        answer = server.ask(method=method, **bearer(TOKEN))
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_only_one_path_has_a_server(server: HttpProcess) -> None:
    for path in ("/", "/mcp/x", "/builds/mcp", "//mcp"):
        for method in ("POST", "GET", "DELETE"):
            answer = server.ask(path, method, **bearer(TOKEN))
            assert answer.status_code == 404
            assert "URLs end in /mcp" in answer.json()["error_description"]
    assert server.ask("/mcp/", **bearer(TOKEN)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/.well-known/oauth-protected-resource"),
        ("GET", "/.well-known/oauth-protected-resource/mcp"),
        ("GET", "/.well-known/oauth-authorization-server"),
        ("GET", "/.well-known/openid-configuration"),
        ("GET", "/mcp/.well-known/openid-configuration"),
        ("POST", "/register"),
        ("GET", "/authorize"),
        ("POST", "/token"),
    ],
)
def test_a_client_that_tries_oauth_learns_that_there_is_none(server: HttpProcess, method: str, path: str) -> None:
    for headers in ({}, bearer("wrong")):
        answer = server.ask(path, method, **headers)
        error = answer.json()
        assert (answer.status_code, error["error"]) == (404, "invalid_request")
        assert "fixed token" in error["error_description"]
    refused = server.ask(**bearer("wrong"))
    assert "fixed token" in refused.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("accept", "status", "media_type"),
    [
        ("application/json, text/event-stream", 200, "text/event-stream"),
        ("application/json", 200, "application/json"),
        ("Application/JSON; charset=utf-8", 200, "application/json"),
        ("application/*", 200, "application/json"),
        ("application/json, text/event-stream;q=0", 200, "application/json"),
        ("application/json, text/html", 200, "application/json"),
        ("text/event-stream", 200, "text/event-stream"),
        ("*/*", 200, "text/event-stream"),
        ("*/*;q=0.1, application/json", 200, "text/event-stream"),
        ("", 200, "application/json"),
        ("text/html", 406, "application/json"),
    ],
)
@pytest.mark.parametrize("version", ["2025-06-18", "2026-07-28"])
def test_a_client_is_answered_in_a_form_that_it_accepts(
    server: HttpProcess, version: str, accept: str, status: int, media_type: str
) -> None:
    meta = {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    call = {"name": "drone_echo", "arguments": {"text": "hello"}, "_meta": meta}
    headers = {"mcp-protocol-version": version, "mcp-method": "tools/call", "mcp-name": "drone_echo"}
    body = json.dumps({**CALL, "method": "tools/call", "params": call})
    answer = server.send("POST", "/mcp", body, {**bearer(TOKEN), **headers, "accept": accept})
    # The modern era answers with JSON whenever there is nothing to report meanwhile.
    assert answer.status_code == status
    assert answer.headers["content-type"].partition(";")[0] in {media_type, "application/json"}
    if version == "2025-06-18":
        assert answer.headers["content-type"].partition(";")[0] == media_type
    if status == 200:
        text = answer.text.partition("data: ")[2] or answer.text
        assert json.loads(text)["result"]["structuredContent"]["text"] == "hello"


def test_a_stream_is_not_sent_to_a_client_that_accepts_json_alone(server: HttpProcess) -> None:
    headers = {"accept": "application/json", "mcp-method": "subscriptions/listen"}
    answer = server.ask(**bearer(TOKEN), **headers)
    assert answer.status_code == 406
    assert "accept text/event-stream" in answer.json()["error"]["message"]


def test_health_is_told_to_whoever_asks_by_whatever_name(server: HttpProcess) -> None:
    for path in ("/healthz", "/readyz"):
        assert server.ask(path, "GET", host="10.1.2.3").status_code == 200


def test_a_token_file_is_read_again_and_without_it_the_process_is_not_ready(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n", encoding="ascii")
    with serving(*SERVER, DRONE_MCP_HTTP_TOKEN_FILE=str(file)) as process:
        assert process.ask(**bearer(TOKEN)).status_code == 200
        file.write_text(TOKEN[::-1], encoding="ascii")
        assert process.ask(**bearer(TOKEN)).status_code == 401
        assert process.ask(**bearer(TOKEN[::-1])).status_code == 200
        file.unlink()
        assert process.ask(**bearer(TOKEN[::-1])).status_code == 401
        assert process.ask("/readyz", "GET").status_code == 503
        assert process.ask("/healthz", "GET").status_code == 200


def test_a_configured_host_name_is_answered() -> None:
    with serving(*SERVER, DRONE_MCP_HTTP_HOSTS="mcp.example.com") as process:
        assert process.ask(host="mcp.example.com").status_code == 200
        assert process.ask(host="mcp.example.com", origin="https://mcp.example.com").status_code == 200


def test_all_addresses_are_taken_with_a_token_only_and_the_checks_stay_on() -> None:
    everywhere = ("support.example_server", "--http", "0.0.0.0:0")
    with started(*everywhere) as process:
        assert process.wait(PATIENCE) == 2
        assert process.stderr
        assert process.stderr.read() == (
            "drone-mcp-example: 0.0.0.0:0 can be reached from other machines: set DRONE_MCP_HTTP_TOKEN (or "
            "DRONE_MCP_HTTP_TOKEN_FILE) to what callers have to send, or listen on 127.0.0.1\n"
        )
    with serving(*everywhere, DRONE_MCP_HTTP_TOKEN=TOKEN) as server:
        assert server.ask(**bearer(TOKEN), host="evil.example.com").status_code == 421
        assert server.ask(**bearer(TOKEN), host="localhost", origin="https://evil.example.com").status_code == 403
        assert server.ask(host="localhost").status_code == 401
        assert server.ask(**bearer(TOKEN), host="localhost").status_code == 200


@pytest.mark.parametrize(
    ("address", "variables", "said"),
    [
        ("8080", {}, "'8080' is not an address to listen on: it takes ADDRESS:PORT, like 127.0.0.1:8080"),
        ("127.0.0.1:70000", {}, "is not an address to listen on"),
        ("127.0.0.1:0", {"DRONE_MCP_HTTP_TOKEN": "short"}, "shorter than 20 characters"),
        ("127.0.0.1:0", {"DRONE_MCP_HTTP_HOSTS": "a.test:80"}, "did you mean a.test"),
    ],
)
def test_what_cannot_be_right_stops_the_start(address: str, variables: dict[str, str], said: str) -> None:
    with started("support.example_server", "--http", address, **variables) as process:
        assert process.wait(PATIENCE) == 2
        assert process.stderr
        errors = process.stderr.read()
    assert said in errors
    assert len(errors.splitlines()) == 1


def test_an_address_that_is_taken_stops_the_start_with_one_line() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        started("support.example_server", "--http", f"127.0.0.1:{taken.getsockname()[1]}") as process,
    ):
        assert process.wait(PATIENCE) == 2
        assert process.stderr
        assert "Address already in use" in process.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_call_under_way_is_answered_before_the_process_ends(number: int, era: str) -> None:
    drone = HeldDrone()
    async with drone.listening():
        address = f"http://127.0.0.1:{drone.port}"
        with serving(*SERVER, DRONE_SERVER=address) as process:
            results: list[Any] = []
            async with process.client(mode=era) as client:
                await client.list_tools()  # a client that knows no tools would ask for them after the call

                async def call() -> None:
                    results.append(await client.call_tool("drone_status", {"number": 7, "repo": "octo/hello"}))

                async with anyio.create_task_group() as group:
                    group.start_soon(call)
                    await drone.asked.wait()
                    process.process.send_signal(number)
                    await until_refused(process.url)
                    drone.released.set()
            assert results[0].structured_content == {"repo": "octo/hello", "text": "success", "truncated": False}
            status, errors = await anyio.to_thread.run_sync(process.ending)
    assert status == 0
    assert errors.count("closed\n") == 1
    assert "Traceback" not in errors


async def until_refused(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    with anyio.fail_after(PATIENCE):
        while True:
            try:
                async with await anyio.connect_tcp(host, int(port)):
                    await anyio.lowlevel.checkpoint()
            except OSError:
                return


async def test_a_stream_that_never_ends_does_not_hold_the_process_up() -> None:
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "subscriptions/listen",
        "params": {
            "notifications": {"toolsListChanged": True},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    }
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "subscriptions/listen",
    }
    with serving(*SERVER) as process:
        async with (
            httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http,
            http.stream("POST", f"{process.url}/mcp", json=body, headers=headers) as answer,
        ):
            assert answer.status_code == 200
            chunks = answer.aiter_bytes()
            await anext(chunks)
            process.process.terminate()
            rest = [chunk async for chunk in chunks]
        status, errors = await anyio.to_thread.run_sync(process.ending)
    assert rest == []
    assert (status, errors.count("Traceback"), errors.count("completing")) == (0, 0, 0)


def test_the_socket_does_not_wait_to_fill_a_packet() -> None:
    with listen(Address("127.0.0.1", 0)) as listener:
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
