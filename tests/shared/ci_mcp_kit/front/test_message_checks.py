"""The SDK accepts every message that the front accepts: tried with random messages that are almost right."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.types import methods
from mcp.types.jsonrpc import jsonrpc_message_adapter
from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION

from ci_mcp_kit.front import message_checks

ANYTHING: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, 1.5, "", "x", [], ["x"], {}, {"a": {}}, {"a": 1}]
)


def mostly(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(value, value, value, ANYTHING)


def table(**entries: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional={name: mostly(entry) for name, entry in entries.items()})


OBJECT: st.SearchStrategy[Any] = st.just({})
CAPABILITIES = table(
    roots=table(listChanged=st.booleans()),
    sampling=table(context=OBJECT, tools=OBJECT),
    elicitation=table(form=OBJECT, url=OBJECT),
    experimental=st.dictionaries(st.text(max_size=3), mostly(OBJECT), max_size=2),
    extensions=st.dictionaries(st.text(max_size=3), mostly(OBJECT), max_size=2),
    tasks=table(
        list=OBJECT,
        cancel=OBJECT,
        requests=table(elicitation=table(create=OBJECT), sampling=table(createMessage=OBJECT)),
    ),
    tools=st.booleans(),
)
TEXT = st.text(max_size=5)
CLIENT = st.fixed_dictionaries(
    {"name": mostly(TEXT), "version": mostly(TEXT)},
    optional={
        "title": mostly(TEXT),
        "description": mostly(TEXT),
        "websiteUrl": mostly(TEXT),
        "icons": ANYTHING,
        "x": ANYTHING,
    },
)
META = table(progressToken=st.one_of(st.integers(), TEXT), **{"x/y": ANYTHING})
HANDSHAKES = st.fixed_dictionaries(
    {"protocolVersion": mostly(TEXT), "capabilities": mostly(CAPABILITIES), "clientInfo": mostly(CLIENT)},
    optional={"_meta": mostly(META)},
)
ENVELOPES = st.fixed_dictionaries(
    {
        message_checks.VERSION_KEY: mostly(st.just(LATEST_MODERN_VERSION)),
        message_checks.CAPABILITIES_KEY: mostly(CAPABILITIES),
    },
    optional={
        message_checks.CLIENT_KEY: mostly(CLIENT),
        "progressToken": mostly(st.integers()),
        "io.modelcontextprotocol/logLevel": ANYTHING,
        "io.modelcontextprotocol/other": ANYTHING,
        "traceparent": ANYTHING,
    },
)
CHANGES = table(toolsListChanged=st.booleans(), promptsListChanged=st.booleans(), resourcesListChanged=st.booleans())


@given(HANDSHAKES)
def test_a_handshake_that_the_front_answers_is_one_to_the_sdk(params: dict[str, Any]) -> None:
    if message_checks.is_handshake(params):
        for version in HANDSHAKE_PROTOCOL_VERSIONS:
            methods.validate_client_request("initialize", version, params)


@given(table(_meta=META, cursor=TEXT))
def test_a_list_that_the_front_answers_is_one_to_the_sdk(params: dict[str, Any]) -> None:
    if message_checks.is_plain(params):
        for version in HANDSHAKE_PROTOCOL_VERSIONS:
            methods.validate_client_request("tools/list", version, params)


@given(st.fixed_dictionaries({"_meta": mostly(ENVELOPES)}))
def test_an_envelope_that_the_front_takes_is_one_to_the_sdk(params: dict[str, Any]) -> None:
    if message_checks.is_envelope(params, LATEST_MODERN_VERSION):
        for method in ("server/discover", "tools/list"):
            methods.validate_client_request(method, LATEST_MODERN_VERSION, params)


@given(st.fixed_dictionaries({"_meta": ENVELOPES, "notifications": mostly(CHANGES)}))
def test_a_subscription_that_the_front_acknowledges_is_one_to_the_sdk(params: dict[str, Any]) -> None:
    if message_checks.is_envelope(params, LATEST_MODERN_VERSION) and message_checks.list_changes(params) is not None:
        methods.validate_client_request("subscriptions/listen", LATEST_MODERN_VERSION, params)


@given(st.fixed_dictionaries({}, optional={"requestId": ANYTHING, "reason": ANYTHING, "x": ANYTHING}))
def test_a_cancellation_that_the_front_ignores_is_one_to_the_sdk(params: dict[str, Any]) -> None:
    if message_checks.is_cancellation(params):
        for version in (*HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION):
            methods.validate_client_notification("notifications/cancelled", version, params)


FRAMES = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": mostly(st.just("2.0")),
        "id": mostly(st.one_of(st.integers(), st.text())),
        "method": mostly(TEXT),
        "params": mostly(OBJECT),
        "result": ANYTHING,
        "x": ANYTHING,
    },
)


@given(FRAMES)
def test_a_message_that_the_front_reads_is_the_same_to_the_sdk(frame: dict[str, Any]) -> None:
    line = json.dumps(frame).encode()
    read = message_checks.read_message(line)
    if read is not None:
        model = jsonrpc_message_adapter.validate_json(line, by_name=False)
        assert model.model_dump(by_alias=True, exclude_unset=True) == read


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
        b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1.0,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":true,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":NaN}}',
        b'{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}',
        b'{"jsonrpc":"2.0","id":99999999999999999999999,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping"} {}',
        b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":"\xff","method":"ping"}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b'{"a":' * 100_000,
    ],
)
def test_anything_odd_is_left_to_the_server(line: bytes) -> None:
    assert message_checks.read_message(line) is None
