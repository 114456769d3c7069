"""For any line that a client sends, a request is answered once and the next one as well: over stdio and over HTTP."""

from __future__ import annotations

import json
import os
import select
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.client_pipes import ENVELOPE, HANDSHAKE, NOWHERE
from support.http_process import HEADERS, PLAIN, serving
from support.patience import PATIENCE
from support.warm import warm_process

if TYPE_CHECKING:
    from collections.abc import Iterator

HARD = [
    "\ud83d",
    "\x00",
    "x" * 70_000,
    10**5_000,
    2**63,
    -(2**53),
    float("nan"),
    float("inf"),
    1e308,
    True,
    None,
    [],
    {},
    json.loads("[" * 500 + "]" * 500),
    {"id": 1, "method": "ping"},
]
"""Values that readers of JSON disagree about."""
REPO = {"repo": "octo/hello"}
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("ping", {}),
    ("tools/list", {}),
    ("tools/call", {"name": "drone_get_build", "arguments": REPO}),
    ("tools/call", {"name": "drone_find_builds", "arguments": {**REPO, "branch": "main", "limit": 5}}),
    ("prompts/get", {"name": "watch_build", "arguments": REPO}),
    ("resources/read", {"uri": "drone://repos/octo/hello/builds/1/summary"}),
    ("completion/complete", {"ref": {"type": "ref/prompt", "name": "watch_build"}, "argument": {"name": "repo"}}),
    ("initialize", HANDSHAKE),
    ("no/such", {}),
]


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """Return a JSON value with a part replaced by something hard, left out or added."""
    if not isinstance(value, dict) or not value or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(HARD))
    name = draw(st.sampled_from(sorted(value)))
    return {**value, name: draw(changed(value[name])), **draw(st.sampled_from([{}, {}, {"\ud83d": 1}, {"error": 1}]))}


@st.composite
def lines(draw: st.DrawFn, meta: dict[str, Any]) -> bytes:
    """Return a line: of a request, a changed request, or a request with some bytes exchanged."""
    method, params = draw(st.sampled_from(REQUESTS))
    message = {"jsonrpc": "2.0", "id": draw(st.sampled_from([7, "seven"])), "method": method, "params": params | meta}
    message = draw(st.one_of(st.just(message), changed(message)))
    escaped = draw(st.booleans())
    line = bytearray(str(write(message, escaped=escaped)).encode(errors="surrogatepass"))
    for _ in range(draw(st.sampled_from([0, 0, 1, 3]))):
        place = draw(st.integers(0, len(line)))
        line[place : place + draw(st.integers(0, 2))] = draw(st.sampled_from([b"", b"\xff", b'"', b"}", b"[", b"0"]))
    return bytes(line).replace(b"\n", b" ")


def write(value: Any, *, escaped: bool) -> str:
    """Write JSON with whatever numbers; Python's own refuses long ones."""
    if isinstance(value, dict):
        pairs = (
            f"{json.dumps(name, ensure_ascii=escaped)}:{write(item, escaped=escaped)}" for name, item in value.items()
        )
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, int) and value > 10**4_000:
        return "1" + "0" * 5_000
    return json.dumps(value, ensure_ascii=escaped)


def must_be_answered(line: bytes) -> bool:
    """Return whether a line is a request, or nothing that can be read."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return bool(line.strip())
    if not isinstance(value, dict):
        return True
    is_response = "method" not in value and bool({"result", "error"} & value.keys())
    return "id" in value and not is_response


OPENINGS: dict[str, tuple[list[bytes], dict[str, Any]]] = {
    "legacy": (
        [
            json.dumps({"jsonrpc": "2.0", "id": "first", "method": "initialize", "params": HANDSHAKE}).encode(),
            b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
        ],
        {},
    ),
    "modern": (
        [json.dumps({"jsonrpc": "2.0", "id": "first", "method": "tools/list", "params": ENVELOPE}).encode()],
        ENVELOPE,
    ),
    "none": ([], {}),
}
COMMANDS = {
    "front": ("-m", "drone_mcp_builds"),
    "server": ("-c", "from drone_mcp_builds.server import main; main()"),
}


@pytest.mark.parametrize("era", OPENINGS)
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_over_stdio_every_request_is_answered_once(command: tuple[str, str], era: str) -> None:
    opening, meta = OPENINGS[era]
    last = json.dumps({"jsonrpc": "2.0", "id": "last", "method": "ping", "params": meta}).encode()

    @settings(max_examples=25)
    @given(st.lists(lines(meta), max_size=6))
    def hold(middle: list[bytes]) -> None:
        sent = [*opening, *middle, last]
        least = sum(must_be_answered(line) for line in sent)
        output = b""
        with warm_process(*command, **NOWHERE) as process:
            for line in sent:
                process.stdin.write(line + b"\n")
            while output.count(b"\n") < least:
                assert select.select([process.stdout], [], [], PATIENCE)[0], "a request is not answered"
                output += os.read(process.stdout.fileno(), 2**16) or pytest.fail("the server ended")
            output += process.read_to_end()
        received = [json.loads(text) for text in output.splitlines()]
        assert len(received) <= sum(bool(line.strip()) for line in sent)
        assert sum(answer.get("id") == "last" for answer in received) == 1
        assert all("error" in answer or "result" in answer for answer in received)

    hold()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving("drone_mcp_builds", "--http", "127.0.0.1:0", **NOWHERE) as process:
        yield process.url


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_over_http_every_request_is_answered_in_its_response(url: str, era: str) -> None:
    meta = OPENINGS[era][1]
    version = {"mcp-protocol-version": "2026-07-28", "mcp-method": "ping"} if era == "modern" else {}

    @settings(max_examples=100)
    @given(lines(meta))
    def hold(line: bytes) -> None:
        with httpx.Client(trust_env=False, verify=PLAIN, timeout=PATIENCE) as http:
            answer = http.post(url + "/mcp", headers=HEADERS | version, content=line)
        if must_be_answered(line):
            (text,) = [part.removeprefix("data: ") for part in answer.text.splitlines() if '"jsonrpc"' in part]
            assert "id" in json.loads(text)

    hold()
