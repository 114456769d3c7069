"""A served role answers any request, of whatever form, with a status that blames the request and not the server."""

from __future__ import annotations

import copy
import json
import socket
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.client_pipes import ENVELOPE, HANDSHAKE
from support.http_process import HEADERS, HttpProcess, serving
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

NOWHERE = "http://127.0.0.1:1"
MCP = "/builds/mcp"
PATHS = (MCP, "/logs/mcp", "/healthz", "/readyz", "/metrics", "/", "*", "//", f"{MCP}/", "http://other.test/x")
METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "CONNECT", "PRI", "get", "X" * 300)
NAMES = (
    "host", "origin", "accept", "accept-encoding", "content-type", "content-length", "transfer-encoding", "expect",
    "authorization", "connection", "upgrade", "mcp-session-id", "mcp-protocol-version", "mcp-method", "mcp-name",
    "last-event-id", "x-drone-token", "x-forwarded-for", "forwarded", "traceparent", "baggage", "cookie", "range",
)  # fmt: skip
ODD_TEXT = (
    b"", b" ", b"\x00", b"\xff\xfe", "é".encode(), b"%", b"%ff", b"%00", b"..", b"[", b"::1]", b"-1", b"0",
    b"1" * 5_000, b"9" * 30, b"a" * 9_000, b"{}", b"null", b"*", b"application/json;charset=utf-7", b"identity",
    b"text/event-stream", b"chunked", b"100-continue", b"Bearer", b"Bearer x y", b"Basic =", b"2025-11-25",
    b"2026-07-28", b"9999-99-99", b"127.0.0.1:x", b"=?utf-8?b?/w==?=", b"=?base64?/w==?=",
)  # fmt: skip
WILD = st.sampled_from(ODD_TEXT) | st.binary(max_size=40).filter(lambda value: not set(value) & {10, 13})
HEADER = st.tuples(st.sampled_from(NAMES), WILD).filter(
    # Whoever announces more than they send is waited for.
    lambda header: (
        not (header[0] == "content-length" and header[1].isdigit())
        and not (header[0] == "transfer-encoding" and header[1] == b"chunked")
    )
)
PATH = st.tuples(st.sampled_from([path.encode() for path in PATHS]), st.just(b"") | WILD, st.just(b"") | WILD)
BODIES = (b"", b"{}", b"\xff", b"[]", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode())
ODD_VALUES = (
    "9223372036854775808", "1" + "0" * 5_000, "1e400", "NaN", "-1", "0.5", "true", "null", '""', r'"\ud800"',
    r'"\u0000"', "[]", "{}", "[" * 500 + "]" * 500, '{"a": 1}', '"' + "x" * 10_000 + '"',
)  # fmt: skip
CALL: dict[str, Any] = {
    "name": "drone_get_build",
    "arguments": {"repo": "octo/hello", "number": 1},
    "_meta": {"progressToken": 1},
}
REFERENCE = {"type": "ref/prompt", "name": "watch_build"}
REQUESTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("initialize", HANDSHAKE),
    ("tools/call", CALL | {"_meta": {"progressToken": 1} | ENVELOPE["_meta"]}),
    ("prompts/get", {"name": "watch_build", "arguments": {"repo": "octo/hello"}} | ENVELOPE),
    ("resources/read", {"uri": "drone://repo/octo/hello/latest"} | ENVELOPE),
    ("subscriptions/listen", {"notifications": {"resourceSubscriptions": ["drone://no/such"]}} | ENVELOPE),
    ("completion/complete", {"ref": REFERENCE, "argument": {"name": "number", "value": ""}} | ENVELOPE),
)


@pytest.fixture(scope="module")
def role() -> Iterator[HttpProcess]:
    given = {"DRONE_SERVER": NOWHERE, "FORGE_SERVER": NOWHERE, "DRONE_MCP_RETRIES": "0"}
    with serving("drone_mcp_config", "serve", "--role", "dev", "--http", "127.0.0.1:0", **given) as process:
        yield process
        process.process.terminate()
        assert "Traceback" not in process.ending()[1]


def status_of(process: HttpProcess, head: bytes, body: bytes) -> int:
    """Send a request as it is; return the status of its answer."""
    address = urlsplit(process.url)
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as connection:
        connection.sendall(head + b"\r\n" + body)
        answer = connection.makefile("rb").readline()
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer.split()[1])


@given(
    method=st.sampled_from(METHODS),
    path=PATH,
    headers=st.lists(HEADER, max_size=4),
    body=st.sampled_from(BODIES),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_head_is_answered_with_a_status_below_500(
    role: HttpProcess, method: str, path: tuple[bytes, bytes, bytes], headers: list[tuple[str, bytes]], body: bytes
) -> None:
    place, more, query = path
    target = place + more + (b"?" + query if query else b"")
    named = {name for name, _ in headers}
    usual = {"host": urlsplit(role.url).netloc, "content-length": str(len(body)), **HEADERS}
    lines = [f"{name}: {value}".encode() for name, value in usual.items() if name not in named]
    lines += [name.encode() + b": " + value for name, value in headers]
    head = method.encode() + b" " + target + b" HTTP/1.1\r\n" + b"".join(line + b"\r\n" for line in lines)
    assert status_of(role, head, body) < 500
    assert role.ask(MCP).status_code == 200


def places(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to every value."""
    yield way
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*way, key))


def with_odd(message: dict[str, Any], way: tuple[str | int, ...], odd: str) -> str:
    mark = "the place"
    changed: Any = {"": copy.deepcopy(message)}
    part, steps = changed, ("", *way)
    for step in steps[:-1]:
        part = part[step]
    part[steps[-1]] = mark
    return json.dumps(changed[""]).replace(f'"{mark}"', odd)


@pytest.mark.parametrize(("method", "params"), REQUESTS)
def test_any_value_in_any_place_of_a_message_is_answered_with_a_status_below_500(
    role: HttpProcess, method: str, params: dict[str, Any]
) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    for way in places(message):
        for odd in ODD_VALUES:
            body = with_odd(message, way, odd).encode()
            lines = {"host": urlsplit(role.url).netloc, "content-length": str(len(body)), **HEADERS}
            head = f"POST {MCP} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
            assert status_of(role, head.encode(), body) < 500, (way, odd[:40])
    assert role.ask(MCP).status_code == 200
