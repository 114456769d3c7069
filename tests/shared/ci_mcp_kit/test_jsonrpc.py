"""A client's input is read as messages or refused, each refusal with the id that its sender waits for."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.types import JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

from ci_mcp_kit.jsonrpc import LONGEST_LINE, LineSplitter, Reader, Refusal, read_messages

PARSE_ERROR, INVALID_REQUEST = -32700, -32600
NINES = b"9" * 5_000
BAD = [
    # what is received, the id and the code of its answer
    (b"no JSON", None, PARSE_ERROR),
    (b"\xff", None, PARSE_ERROR),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"\\ud83d"}}', 7, PARSE_ERROR),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}}", 7, PARSE_ERROR),
    (b'{"params":{"id":8,"x":' + b'{"id":' * 300 + b"9" + b"}" * 300 + b'},"id":7,"method":"ping"}', 7, PARSE_ERROR),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":NaN}}', 7, PARSE_ERROR),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":' + NINES + b"}}", 7, PARSE_ERROR),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"\xff"}}', 7, PARSE_ERROR),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"\x00"}}', 7, PARSE_ERROR),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping"', 7, PARSE_ERROR),
    (b'{"jsonrpc":"2.0","id":"a\\"7","method":"ping","params":{"text":"\\"id\\": 8', 'a"7', PARSE_ERROR),
    (b'{"jsonrpc":"2.0","id":"\\ud83d","method":"ping"}', "\ud83d", PARSE_ERROR),
    (b'\xef\xbb\xbf{"jsonrpc":"2.0","id":7,"method":"ping"}', 7, PARSE_ERROR),
    (b'{"jsonrpc":"2.0","id":' + NINES + b',"method":"ping"}', None, PARSE_ERROR),
    (b'{"jsonrpc":"2.0","id":1e999,"method":"ping"}', None, INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', None, INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', None, INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', None, INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', 1.5, INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":7,"method":5}', 7, INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":7}', 7, INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}', 7, INVALID_REQUEST),
    (b'{"jsonrpc":"1.0","id":7,"method":"ping"}', 7, INVALID_REQUEST),
    (b'{"id":7,"method":"ping"}', 7, INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","error":{"code":1,"message":"x"}}', 7, INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":"%s"}}' % (b"x" * LONGEST_LINE), 7, INVALID_REQUEST),
    (b"{}", None, INVALID_REQUEST),
    (b"[]", None, INVALID_REQUEST),
    (b"[1]", None, INVALID_REQUEST),
    (b"null", None, INVALID_REQUEST),
]


def refusals(data: bytes) -> list[tuple[Any, int]]:
    """Return the ids and codes of the answers to what is refused."""
    answers = [json.loads(found.as_json()) for found in Reader().read(data) if isinstance(found, Refusal)]
    return [(answer["id"], answer["error"]["code"]) for answer in answers]


@pytest.mark.parametrize(("data", "number", "code"), BAD)
def test_what_is_no_message_is_refused_with_its_id(data: bytes, number: Any, code: int) -> None:
    assert refusals(data) == [(number, code)]


@pytest.mark.parametrize("data", [b"", b"\r", b"  \t"])
def test_a_blank_line_is_no_message_and_not_refused(data: bytes) -> None:
    assert Reader().read(data) == []


@pytest.mark.parametrize(
    ("data", "number"),
    [
        (b'{"jsonrpc":"2.0","id":3,"result":5}', 3),
        (b'{"jsonrpc":"2.0","id":"a","error":"no"}', "a"),
        (b'{"jsonrpc":"2.0","id":3,"result":{"text":"\\ud83d"}}', 3),
        (b'{"jsonrpc":"2.0","id":1.5,"result":5}', None),
        (b'{"jsonrpc":"2.0","id":' + NINES + b',"result":5}', None),
    ],
)
def test_a_broken_response_ends_the_request_that_it_is_for(data: bytes, number: Any) -> None:
    found, *rest = read_messages(data, 10_000)
    assert [refusal.number for refusal in rest if isinstance(refusal, Refusal)] == ["null"] * len(rest)
    assert isinstance(found, JSONRPCError)
    assert found.id == number


PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
NOTE = {"jsonrpc": "2.0", "method": "notifications/initialized"}
RESULT = {"jsonrpc": "2.0", "id": 4, "result": {}}


def opened(version: str) -> Reader:
    """Return the reader of a connection that has asked for a version."""
    reader = Reader()
    reader.read(json.dumps({**PING, "method": "initialize", "params": {"protocolVersion": version}}).encode())
    return reader


def test_a_batch_is_read_in_the_one_version_that_has_batches() -> None:
    batch = json.dumps([PING, NOTE, RESULT, 5]).encode()
    kinds = [type(found) for found in opened("2025-03-26").read(batch)]
    assert kinds == [JSONRPCRequest, JSONRPCNotification, JSONRPCResponse, Refusal]


@pytest.mark.parametrize("version", ["2024-11-05", "2025-06-18", "2025-11-25"])
def test_in_other_versions_each_request_of_a_batch_is_refused(version: str) -> None:
    found = opened(version).read(json.dumps([PING, NOTE, {**PING, "id": "b"}]).encode())
    assert [json.loads(refusal.as_json())["id"] for refusal in found if isinstance(refusal, Refusal)] == [1, "b"]


@given(st.lists(st.binary(max_size=20)), st.lists(st.integers(0, 400)))
def test_lines_are_split_alike_whatever_pieces_they_come_in(pieces: list[bytes], cuts: list[int]) -> None:
    lines = [piece.replace(b"\n", b" ") for piece in pieces]
    data = b"".join(line + b"\n" for line in lines)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    splitter = LineSplitter()
    found = [line for start, end in pairwise(places) for line in splitter.feed(data[start:end])]
    assert found == lines


def test_a_line_without_end_takes_no_more_memory_than_the_longest_message() -> None:
    splitter = LineSplitter()
    for _ in range(300):
        assert splitter.feed(b"x" * 2**16) == []
    assert [len(line) for line in splitter.feed(b"\n{}\n")] == [LONGEST_LINE + 1, 2]


@given(st.binary())
def test_whatever_is_received_is_a_message_or_has_an_answer_that_is_json(data: bytes) -> None:
    for found in Reader().read(data):
        if isinstance(found, Refusal):
            assert json.loads(found.as_json())["error"]["code"] in {PARSE_ERROR, INVALID_REQUEST}
