"""Property 21: what goes wrong is an error of one shape: of a tool in its result, of the protocol in the response."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from support.jenkins_calls import ARGUMENTS, CALLS, Session, session

if TYPE_CHECKING:
    from collections.abc import Iterator

FAULTS = {"status": "JENKINS_ERROR", "html": "JENKINS_ERROR", "reset": "NETWORK_ERROR", "drop": "NETWORK_ERROR"}
INVALID_PARAMS, METHOD_NOT_FOUND = -32602, -32601
WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def server() -> Iterator[Session]:
    with session() as server:
        yield server


@settings(max_examples=100, deadline=None)
@given(call=CALLS, fault=st.sampled_from(sorted(FAULTS)), word=WORDS)
def test_property_21_errors(server: Session, call: tuple[str, dict[str, Any]], fault: str, word: str) -> None:
    assume(word not in ARGUMENTS)
    faults = server.play.jenkins.world.faults
    server.play.jenkins.break_with(fault)
    result = server.call(*call)
    faults.clear()
    assert (result["isError"], "structuredContent" in result) == (True, False)
    (content,) = result["content"]
    error = json.loads(content["text"].removeprefix("Error: "))
    assert error.keys() == {"code", "message", "next_step", "retryable", "details"}
    assert error["code"] == FAULTS[fault]
    assert not [text for text in (error["message"], error["next_step"]) if not text or "<" in text]

    tool = server.ask(2, "tools/call", {"name": word, "arguments": call[1]})
    assert tool.keys() == {"jsonrpc", "id", "error"}
    assert tool["error"]["code"] == INVALID_PARAMS
    assert call[0] in tool["error"]["message"]
    assert server.ask(3, f"tools/{word}s", {})["error"]["code"] == METHOD_NOT_FOUND
