from __future__ import annotations

import json
import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from ci_mcp_kit.answer import View
from ci_mcp_kit.tools import TOOL_MARK, Declared, make_tool, marked, tool
from support.example_server import CRASH_TEXT, Echo
from support.inventory import inventory_faults, wire

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

TOKEN = "55f24eb3d61ef6ac5e83d550178638dc"


async def call(server: MCPServer[Any], era: str, name: str, **arguments: Any) -> tuple[bool, Any, Any]:
    """Return whether it failed, its text (as data where it is JSON) and its structured content."""
    async with Client(server, mode=era) as client:
        result = await client.call_tool(name, arguments)
        text = result.content[0].text.removeprefix("Error: ")  # type: ignore[union-attr]  # the kit answers with text only
        return bool(result.is_error), json.loads(text) if text.startswith("{") else text, result.structured_content


async def refused(server: MCPServer[Any], era: str, name: str, **arguments: Any) -> dict[str, Any]:
    failed, error, structured = await call(server, era, name, **arguments)
    assert failed
    assert structured is None
    assert list(error) == ["code", "message", "next_step", "retryable", "details"]
    return dict(error)


async def test_an_answer_is_compact_text_and_the_same_as_structured_content(server: MCPServer[Any], era: str) -> None:
    expected = {"text": "hi", "numbers": [1], "truncated": False}
    assert await call(server, era, "drone_echo", text="hi") == (False, expected, expected)


async def test_what_is_none_or_empty_is_left_out_at_every_depth(server: MCPServer[Any], era: str) -> None:
    _, answer, _ = await call(server, era, "drone_echo", text="", status="failure")
    assert answer == {"text": "", "numbers": [1], "inner": {"name": "failure"}, "truncated": False}


async def test_a_view_may_have_a_text_of_its_own(server: MCPServer[Any], era: str) -> None:
    dirty = f"\x1b[31m1| {TOKEN}\u200b"
    assert await call(server, era, "drone_log", text=dirty) == (False, "1| [redacted]", {"log": "1| [redacted]"})


@pytest.mark.parametrize("arguments", [{"number": 3.0}, {"number": 3, "numbers": None, "status": None}])
async def test_null_is_nothing_and_a_whole_number_may_have_a_fraction_of_zero(
    server: MCPServer[Any], era: str, arguments: Any
) -> None:
    _, answer, _ = await call(server, era, "drone_echo", text="x", **arguments)
    assert answer["numbers"] == [3]


async def test_a_null_stands_for_the_default(server: MCPServer[Any], era: str) -> None:
    _, answer, _ = await call(server, era, "drone_echo", text="x", number=None)
    assert answer["numbers"] == [1]


async def test_text_that_looks_like_json_stays_text(server: MCPServer[Any], era: str) -> None:
    _, answer, _ = await call(server, era, "drone_echo", text="[1, 2]", title='{"a": 1}')
    assert (answer["text"], answer["inner"]["name"]) == ("[1, 2]", '{"a": 1}')


async def test_an_unknown_argument_is_refused_with_the_one_that_was_meant(server: MCPServer[Any], era: str) -> None:
    error = await refused(server, era, "drone_echo", text="x", nunber="hunter2")
    assert error["code"] == "INVALID_INPUT"
    assert "nunber: no such argument, did you mean number?" in error["message"]
    assert error["next_step"] == ("Call again with arguments of these: text (required), number, numbers, status, title")
    assert "hunter2" not in json.dumps(error)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "text: is missing"),
        ({"text": None}, "text: should be a valid string"),
        ({"text": "x", "number": "hunter2"}, "number: should be a valid integer"),
        ({"text": "x", "number": 10}, "number: should be less than or equal to 9"),
        ({"text": "x", "numbers": ["hunter2"]}, "numbers.0: should be a valid integer"),
        ({"text": "x", "numbers": "hunter2"}, "numbers: should be a valid array"),
        ({"text": "x", "status": "hunter2"}, "status: should be 'success' or 'failure'"),
    ],
)
async def test_a_wrong_value_is_reported_without_repeating_it(
    server: MCPServer[Any], era: str, arguments: dict[str, Any], problem: str
) -> None:
    error = await refused(server, era, "drone_echo", **arguments)
    assert error["code"] == "INVALID_INPUT"
    assert problem in error["message"]
    assert "hunter2" not in json.dumps(error)
    assert "pydantic" not in json.dumps(error)


async def test_an_expected_error_tells_what_to_do_next(server: MCPServer[Any], era: str) -> None:
    assert await refused(server, era, "drone_fail", how="conflict") == {
        "code": "CONFLICT",
        "message": "The build changed",
        "next_step": "Read the build again, then decide again",
        "retryable": True,
        "details": {"repo": "octo/hello", "said": "red"},
    }


async def test_a_crash_shows_a_number_only_and_the_log_has_the_rest(
    server: MCPServer[Any], era: str, caplog: pytest.LogCaptureFixture
) -> None:
    error = await refused(server, era, "drone_fail", how="crash")
    assert error["code"] == "INTERNAL_ERROR"
    assert CRASH_TEXT not in json.dumps(error)
    assert error["details"]["request_id"] in error["message"]
    crashed = [record for record in caplog.records if record.exc_info]
    assert [record.levelno for record in crashed] == [logging.ERROR]
    assert CRASH_TEXT in caplog.text


async def test_the_inventory_keeps_the_rules(server: MCPServer[Any], era: str) -> None:
    async with Client(server, mode=era) as client:
        tools = (await client.list_tools()).tools
    described = [tool for tool in tools if tool.name in {"drone_echo", "drone_repo"}]
    assert inventory_faults("drone-example", described) == []


async def test_a_schema_is_plain_for_every_client(server: MCPServer[Any], era: str) -> None:
    async with Client(server, mode=era) as client:
        echo = wire(next(tool for tool in (await client.list_tools()).tools if tool.name == "drone_echo"))
    assert echo["inputSchema"] == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "Any text"},
            "number": {"type": "integer", "minimum": 1, "maximum": 9, "default": 1, "description": "1 to 9"},
            "numbers": {"type": "array", "items": {"type": "integer"}, "description": "Numbers"},
            "status": {"type": "string", "enum": ["success", "failure"], "description": "Status"},
            "title": {"type": "string", "description": "A word that schemas use, too"},
        },
        "required": ["text"],
        "additionalProperties": False,
    }
    assert echo["outputSchema"] == {
        "type": "object",
        "properties": {
            "repo": {},
            "text": {"type": "string"},
            "numbers": {},
            "inner": {"type": "object", "description": "name, note"},
            "truncated": {},
        },
        "required": ["text"],
    }


async def test_of_an_answer_that_is_read_as_text_the_schema_tells_names_alone(server: MCPServer[Any], era: str) -> None:
    async with Client(server, mode=era) as client:
        log = wire(next(tool for tool in (await client.list_tools()).tools if tool.name == "drone_log"))
    assert log["outputSchema"] == {"type": "object", "properties": {"log": {}}, "required": ["log"]}


async def test_annotations_and_the_schema_version_are_reported(server: MCPServer[Any], era: str) -> None:
    async with Client(server, mode=era) as client:
        tools = {tool.name: wire(tool) for tool in (await client.list_tools()).tools}
    assert tools["drone_log"]["_meta"] == {"drone-mcp/schema": "log/1", "anthropic/maxResultSizeChars": 100_000}
    assert tools["drone_fail"]["_meta"] == {"drone-mcp/schema": "fail/2"}
    assert tools["drone_fail"]["annotations"] == {
        "title": "Fail",
        "readOnlyHint": False,
        "destructiveHint": True,
        "idempotentHint": False,
    }
    assert tools["drone_log"]["annotations"] == {"title": "Log", "readOnlyHint": True}


async def test_a_tool_of_the_wrong_making_is_refused_at_start() -> None:
    async def bare() -> Echo:
        """Not marked."""
        raise NotImplementedError

    @tool(title="x", schema="x/1")
    def slow() -> Echo:
        """Not async."""
        raise NotImplementedError

    @tool(title="x", schema="x/1")
    async def free() -> dict[str, str]:
        """No view."""
        raise NotImplementedError

    @tool(title="x", schema="x/1")
    async def anything(*values: int) -> Echo:
        """Any number of values."""
        raise NotImplementedError

    for function in (bare, slow, free, anything):
        with pytest.raises(TypeError, match=function.__name__):
            make_tool(function)
    with pytest.raises(ValueError, match="name/version"):
        tool(title="x", schema="x")


async def test_a_view_that_holds_itself_is_refused_at_start() -> None:
    class Tree(View):
        children: tuple[Tree, ...] = ()

    Tree.model_rebuild()

    async def grow() -> Tree:
        """Grow."""
        raise NotImplementedError

    grow.__annotations__["return"] = Tree
    with pytest.raises(ValueError, match="refers to itself"):
        make_tool(tool(title="x", schema="x/1")(grow))


async def test_the_schemas_of_a_tool_are_made_once_for_all_servers_that_offer_it() -> None:
    class Tools:
        def __init__(self, text: str) -> None:
            self._text = text

        @tool(title="x", schema="x/1")
        async def repeat(self) -> Echo:
            """Repeat."""
            return Echo(text=self._text)

    one, other = (make_tool(Tools(text).repeat) for text in ("one", "other"))
    assert (one.parameters, one.output_schema) == (other.parameters, other.output_schema)
    assert one.fn_metadata.arg_model is other.fn_metadata.arg_model
    assert [(await made.fn()).text for made in (one, other)] == ["one", "other"]


def test_what_is_computed_at_first_use_is_not_computed_to_find_tools() -> None:
    computed = []

    class Tools:
        @cached_property
        def rules(self) -> str:
            computed.append("rules")
            return "be kind"

        @tool(title="x", schema="x/1")
        async def repeat(self) -> Echo:
            """Repeat."""
            return Echo(text=self.rules)

    found = marked(Tools(), TOOL_MARK, Declared)
    assert ([function.__name__ for function, _ in found], computed) == (["repeat"], [])
