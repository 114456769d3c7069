"""Property 20: the result of a call is text and structured content that say the same, as the output schema promises."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given, settings

from support.jenkins_calls import CALLS, Session, session

if TYPE_CHECKING:
    from collections.abc import Iterator

# Their text has the lines of the log as they are, without the quoting of JSON.
LOG_TOOLS = {"jenkins_diagnose_build", "jenkins_get_build_log", "jenkins_search_build_log"}


@pytest.fixture(scope="module")
def server() -> Iterator[Session]:
    with session() as server:
        yield server


@settings(max_examples=100, deadline=None)
@given(call=CALLS)
def test_property_20_responses(server: Session, call: tuple[str, dict[str, Any]]) -> None:
    result = server.call(*call)
    assert not result.get("isError"), result
    (content,) = result["content"]
    assert content["type"] == "text"
    said, data = content["text"], result["structuredContent"]
    if call[0] in LOG_TOOLS:
        parts = [part["log"] for part in data.get("logs", data.get("results", [])) if "log" in part]
        assert said.startswith(f"{data['job']} #{data['number']}")
        assert [part for part in parts if part not in said] == []
    else:
        assert json.loads(said) == data
    jsonschema.validate(data, server.tools[call[0]]["outputSchema"])
