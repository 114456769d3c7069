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


@pytest.fixture(scope="module")
def server() -> Iterator[Session]:
    with session() as server:
        yield server


@pytest.fixture(scope="module")
def schemas(server: Session) -> dict[str, dict[str, Any]]:
    tools = server.ask(1, "tools/list", {})["result"]["tools"]
    return {tool["name"]: tool["outputSchema"] for tool in tools}


@settings(max_examples=100, deadline=None)
@given(call=CALLS)
def test_property_20_responses(
    server: Session, schemas: dict[str, dict[str, Any]], call: tuple[str, dict[str, Any]]
) -> None:
    result = server.call(*call)
    assert not result.get("isError"), result
    (content,) = result["content"]
    assert content["type"] == "text"
    assert json.loads(content["text"]) == result["structuredContent"]
    jsonschema.validate(result["structuredContent"], schemas[call[0]])
