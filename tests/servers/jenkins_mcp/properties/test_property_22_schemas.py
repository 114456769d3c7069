"""Property 22: arguments that break the schema of a tool are refused by name, and Jenkins is not asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.jenkins_calls import ARGUMENTS, CALLS, Session, session

if TYPE_CHECKING:
    from collections.abc import Iterator

OF_ANOTHER_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "string": st.booleans() | st.lists(st.integers(), max_size=2) | st.floats(0.1, 0.9),
    "integer": st.text(max_size=5) | st.booleans() | st.floats(0.1, 0.9),
    "number": st.text(max_size=5) | st.booleans(),
    "boolean": st.text(max_size=5) | st.integers(),
    "object": st.text(max_size=5) | st.integers(),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Session]:
    with session() as server:
        yield server


def break_schema(draw: Any, schema: dict[str, Any], arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return arguments with one that the schema refuses, and its name."""
    required = schema.get("required", [])
    kind = draw(st.sampled_from(["unknown", "type", "range", "missing"]))
    limited = [name for name, of in schema["properties"].items() if "minimum" in of]
    if kind == "missing" and required:
        name = draw(st.sampled_from(required))
        return {key: value for key, value in arguments.items() if key != name}, name
    if kind == "range" and limited:
        name = draw(st.sampled_from(limited))
        of = schema["properties"][name]
        below = st.integers(max_value=of["minimum"] - 1)
        above = st.integers(min_value=of["maximum"] + 1) if "maximum" in of else st.nothing()
        return {**arguments, name: draw(below | above)}, name
    if kind == "unknown" or not schema["properties"]:
        name = draw(st.text("abcdefghij", min_size=1, max_size=8).map("x".__add__))
        return {**arguments, name: 1}, name
    name = draw(st.sampled_from(sorted(schema["properties"])))
    return {**arguments, name: draw(OF_ANOTHER_TYPE[schema["properties"][name]["type"]])}, name


def test_every_tool_has_calls_for_the_properties(server: Session) -> None:
    assert server.tools.keys() == ARGUMENTS.keys()


@settings(max_examples=100, deadline=None)
@given(call=CALLS, data=st.data())
def test_property_22_schemas(server: Session, call: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
    tool, arguments = call
    schema = server.tools[tool]["inputSchema"]
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(arguments)
    assert not server.call(tool, arguments).get("isError")
    broken, name = break_schema(data.draw, schema, arguments)
    assert not validator.is_valid(broken)
    server.play.jenkins.asked.clear()
    result = server.call(tool, broken)
    error = json.loads(result["content"][0]["text"].removeprefix("Error: "))
    assert (result["isError"], error["code"], server.play.jenkins.asked) == (True, "INVALID_INPUT", [])
    assert name in error["message"]
