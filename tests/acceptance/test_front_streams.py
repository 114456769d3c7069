"""Whatever a client sends, in whatever pieces: it gets the same from front and server as from the server alone."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.client_pipes import ENVELOPE, HANDSHAKE, NOWHERE, VERSION_KEY
from support.warm import warm_process

CALL = {"name": "drone_get_build", "arguments": {"repo": "octo/hello"}}
LISTEN = {**ENVELOPE, "notifications": {"toolsListChanged": True, "resourcesListChanged": False}}
LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
BAD_ENVELOPE = {"_meta": {VERSION_KEY: "2031-01-01", "io.modelcontextprotocol/clientCapabilities": {}}}
ODD = [
    b"",
    b"odd",
    b"{}",
    b"[]",
    b'[{"jsonrpc":"2.0","id":900,"method":"ping"}]',
    b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
    b"\xff",
]


def legacy_requests() -> st.SearchStrategy[tuple[str, Any]]:
    plain = st.tuples(st.sampled_from((*LISTS, "ping")), st.sampled_from([None, {}, {"_meta": {"progressToken": 7}}]))
    other = st.sampled_from(
        [
            ("tools/call", CALL),
            ("tools/call", {"name": "drone_do_nothing"}),
            ("prompts/get", {"name": "watch_build", "arguments": {"repo": "octo/hello"}}),
            ("tools/list", {"cursor": "x"}),
            ("tools/list", ENVELOPE),
            ("no/such", {}),
        ]
    )
    return st.one_of(plain, plain, other)


def modern_requests() -> st.SearchStrategy[tuple[str, Any]]:
    plain = st.tuples(st.sampled_from((*LISTS, "server/discover")), st.just(ENVELOPE))
    other = st.sampled_from(
        [
            ("tools/call", {**CALL, **ENVELOPE}),
            ("tools/list", {}),
            ("tools/list", BAD_ENVELOPE),
            ("ping", ENVELOPE),
            ("initialize", HANDSHAKE),
        ]
    )
    return st.one_of(plain, plain, other)


NOTES = st.sampled_from(
    [
        ("notifications/initialized", None),
        ("notifications/roots/list_changed", {}),
        ("notifications/cancelled", {"requestId": 4711}),
        ("notifications/progress", {"progressToken": 1, "progress": 1}),
    ]
)


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[bytes], set[int], set[int]]:
    """What a client sends, the numbers of its requests, and those of its subscriptions."""
    is_modern = draw(st.booleans())
    opening = [("initialize", HANDSHAKE)] if draw(st.integers(0, 9)) else []
    requests = modern_requests() if is_modern else legacy_requests()
    rest = draw(st.lists(st.one_of(requests, requests, NOTES, st.sampled_from(ODD)), max_size=8))
    lines, numbers, listening = [], set(), set()
    if is_modern and draw(st.booleans()):
        listening.add(500)
        lines.append(line("subscriptions/listen", LISTEN, 500))
    for number, item in enumerate([*([] if is_modern else opening), *rest]):
        if isinstance(item, bytes):
            lines.append(item)
        elif item[0].startswith("notifications/"):
            lines.append(line(item[0], item[1], None))
        else:
            numbers.add(number)
            lines.append(line(item[0], item[1], number))
    return lines, numbers, listening


def text(value: Any) -> str:
    """Return JSON that is the same for equal values."""
    return json.dumps(value, sort_keys=True)


def line(method: str, params: Any, number: int | None) -> bytes:
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return json.dumps({key: value for key, value in message.items() if value is not None}).encode()


FRONT = ("-m", "drone_mcp_builds")
ALONE = ("-c", "from drone_mcp_builds.server import main; main()")


def exchange(
    command: tuple[str, str], pieces: list[bytes], numbers: set[int], listening: set[int]
) -> list[dict[str, Any]]:
    """Send pieces, wait until every request is answered, and return all messages that came, also at the end."""
    received: list[dict[str, Any]] = []
    with warm_process(*command, **NOWHERE) as process:
        for piece in pieces:
            process.stdin.write(piece)
        while not (
            numbers <= {message.get("id") for message in received if "id" in message}
            and len(listening) == sum(message.get("method", "").endswith("acknowledged") for message in received)
        ):
            received.append(json.loads(process.stdout.readline()))
        received += [json.loads(rest) for rest in process.read_to_end().splitlines()]
    return received


@settings(max_examples=150)
@given(streams(), st.lists(st.integers(0, 5_000), max_size=5))
def test_a_client_gets_the_same_with_the_front_and_without(
    stream: tuple[list[bytes], set[int], set[int]], cuts: list[int]
) -> None:
    lines, numbers, listening = stream
    data = b"".join(one + b"\n" for one in lines)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    pieces = [data[start:end] for start, end in pairwise(places)]
    with_front = exchange(FRONT, pieces, numbers, listening)
    alone = exchange(ALONE, [data], numbers, listening)
    assert sorted(map(text, with_front)) == sorted(map(text, alone))
    answered = [message["id"] for message in with_front if message.get("id") in numbers]
    assert sorted(answered) == sorted(numbers)


def test_a_cancelled_call_is_never_answered_and_the_next_one_is() -> None:
    lines = [
        line("initialize", HANDSHAKE, 1),
        line("notifications/initialized", None, None),
        line("tools/list", {}, 2),
        line("tools/call", {"name": "drone_wait_for_build", "arguments": {"repo": "octo/hello"}}, 3),
        line("notifications/cancelled", {"requestId": 3}, None),
        line("tools/call", CALL, 4),
    ]
    for command in (FRONT, ALONE):
        received = exchange(command, [b"\n".join(lines) + b"\n"], {1, 2, 4}, set())
        assert sorted(message["id"] for message in received) == [1, 2, 4]
