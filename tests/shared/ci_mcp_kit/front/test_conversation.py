from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.front.conversation import NOTHING, Conversation, split_lines
from ci_mcp_kit.front.message_checks import CAPABILITIES_KEY, VERSION_KEY
from ci_mcp_kit.front.surface import Surface, load
from ci_mcp_kit.front.takeover import LISTED_BY_FRONT, Takeover
from drone_mcp_config.installation.reading import read_installation

if TYPE_CHECKING:
    from collections.abc import Callable

HANDSHAKE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
ENVELOPE = {"_meta": {VERSION_KEY: "2026-07-28", CAPABILITIES_KEY: {}}}
LISTEN = {**ENVELOPE, "notifications": {"toolsListChanged": True, "promptsListChanged": False}}


def known() -> Surface:
    surface = load(read_installation()["builds"].module)
    assert surface is not None
    return surface


def line(method: str, number: str | int | None = None, params: dict[str, Any] | None = None) -> bytes:
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if number is not None:
        message["id"] = number
    if params is not None:
        message["params"] = params
    return json.dumps(message).encode()


def after(*lines: bytes) -> Conversation:
    conversation = Conversation(known())
    for one in lines:
        assert conversation.answer(one) is not None
    return conversation


LEGACY = [line("initialize", 1, HANDSHAKE), line("notifications/initialized"), line("tools/list", 2)]
MODERN = [
    line("server/discover", 1, ENVELOPE),
    line("subscriptions/listen", "a", LISTEN),
    line("tools/list", 2, ENVELOPE),
]


def in_pieces(data: bytes, cuts: list[int]) -> tuple[bytes, bytes]:
    """Feed `data` cut at some places; return what was said, and what is left for the server."""
    conversation, said, rest = Conversation(known()), b"", b""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    stream = [data[start:end] for start, end in pairwise(places)]
    for number, piece in enumerate(stream):
        more, rest, needs_server = split_lines(rest + piece, conversation.answer)
        said += more
        if needs_server:
            return said, rest + b"".join(stream[number + 1 :])
    return said, rest


@given(
    st.lists(st.sampled_from([*LEGACY, *MODERN, line("tools/call", 3, {"name": "x"}), b"", b"odd", b"{}"]), max_size=8),
    st.lists(st.integers(0, 10_000), max_size=6),
)
def test_it_makes_no_difference_where_a_stream_is_cut(lines: list[bytes], cuts: list[int]) -> None:
    data = b"\n".join(lines)
    assert in_pieces(data, cuts) == in_pieces(data, [])


@pytest.mark.parametrize(
    ("before", "odd"),
    [
        ([], line("ping", 1)),
        ([], line("tools/list", 1)),
        ([], line("notifications/initialized")),
        ([], line("notifications/cancelled", params={"requestId": 1})),
        (LEGACY, line("initialize", 9, HANDSHAKE)),
        (LEGACY, line("tools/list", 9, ENVELOPE)),
        (LEGACY, line("subscriptions/listen", 9, LISTEN)),
        (LEGACY, line("tools/list", 9, {"cursor": "x"})),
        (LEGACY, line("notifications/roots/list_changed")),
        (MODERN, line("initialize", 9, HANDSHAKE)),
        (MODERN, line("tools/list", 9)),
        (MODERN, line("ping", 9, ENVELOPE)),
        (MODERN, line("tools/list", 9, {**ENVELOPE, "cursor": "x"})),
        (MODERN, line("notifications/cancelled", params={"requestId": "a"})),
        (MODERN, line("subscriptions/listen", "a", LISTEN)),
        (MODERN, line("subscriptions/listen", 9, {**ENVELOPE, "notifications": {"resourceSubscriptions": ["x"]}})),
        (MODERN, line("server/discover", 9, {"_meta": {VERSION_KEY: "2031-01-01", CAPABILITIES_KEY: {}}})),
    ],
)
def test_what_the_file_does_not_say_is_left_to_the_server(before: list[bytes], odd: bytes) -> None:
    assert after(*before).answer(odd) is None


def test_a_cancellation_of_what_was_answered_changes_nothing() -> None:
    for era in (LEGACY, MODERN):
        assert after(*era).answer(line("notifications/cancelled", params={"requestId": 2, "reason": "x"})) == NOTHING


def test_no_more_subscriptions_are_kept_than_a_client_has_use_for() -> None:
    conversation = after(*(line("subscriptions/listen", number, LISTEN) for number in range(16)))
    assert conversation.answer(line("subscriptions/listen", 16, LISTEN)) is None


def test_the_server_is_sent_what_it_has_missed_and_its_answers_to_that_are_held_back() -> None:
    reported: list[Any] = []
    taking = Takeover(after(*MODERN), "front-1", lambda said, now: reported.append((said, now)))
    replayed = [json.loads(one) for one in taking.replay.splitlines()]
    assert [(one.get("id"), one["method"]) for one in replayed] == [
        ("front-1", "server/discover"),
        ("a", "subscriptions/listen"),
        (None, LISTED_BY_FRONT),
    ]
    result = known().modern["server/discover"]
    acknowledged = after(MODERN[0]).answer(MODERN[1])
    assert acknowledged is not None
    other = json.dumps({"jsonrpc": "2.0", "id": 3, "result": {}}).encode()
    passed = [
        taking.passes(one)
        for one in (
            other,
            acknowledged,
            json.dumps({"jsonrpc": "2.0", "id": "front-1", "result": result}).encode(),
            acknowledged,  # of a later subscription with the same id
            b"anything, unread",
        )
    ]
    assert passed == [True, False, False, True, True]
    assert reported == []


@pytest.mark.parametrize("answer", [{"result": {"other": 1}}, {"error": {"code": 1, "message": "no"}}])
def test_a_server_that_says_something_else_than_the_front_did_is_reported(answer: dict[str, Any]) -> None:
    reported: list[Any] = []
    send: Callable[[Any, Any], None] = lambda said, now: reported.append((said, now))  # noqa: E731 - a typed lambda
    taking = Takeover(after(LEGACY[0]), "front-1", send)
    assert not taking.passes(json.dumps({"jsonrpc": "2.0", "id": "front-1", **answer}).encode())
    ((said, now),) = reported
    assert said["protocolVersion"] == "2025-06-18"
    assert now in answer.values()


def test_a_server_that_starts_without_a_front_is_sent_nothing_and_says_everything() -> None:
    taking = Takeover(None, "front-1", lambda *_: None)
    assert taking.replay == b""
    assert taking.passes(b"anything")
