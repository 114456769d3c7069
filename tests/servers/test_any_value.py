"""Whatever values a client sends to whatever a server offers, it gets an answer or an expected error, never a crash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client, MCPError
from mcp.types import EmptyResult, Request

from support.arguments import argument
from support.client_pipes import NOWHERE
from support.installed import SERVERS, environment_of, make_server, writing_environment_of

if TYPE_CHECKING:
    from mcp.types import Prompt, Tool

REPO, NUMBER = "octo/hello", 4
METHOD_NOT_FOUND, INVALID_PARAMS, RESOURCE_NOT_FOUND, UNREACHABLE = -32601, -32602, -32002, -32603
ERRORS = {METHOD_NOT_FOUND, INVALID_PARAMS, RESOURCE_NOT_FOUND, UNREACHABLE}
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            " ",
            "\x00",
            "\u2028",
            "\u202egnp",
            "x" * 10_000,
            "../..",
            "octo/../hello",
            "%2e%2e/%2f",
            "http://[::1",
            "https://ci.example.com:99999/octo/hello/1",
            "https://\u2100.example.com/octo/hello/1",
            "octo/hello#99999999999999999999",
            "(" * 500,
            "(a*)*b",
            "[",
            "\u0663",
            "9" * 5_000,
            "-1",
            "1e999",
            "NaN",
        ]
    ),
)
NUMBERS = st.one_of(st.integers(), st.sampled_from([0, -1, 2**31, 2**53 + 1, 2**63, 2**64, 10**4_000, 1e308, 0.5]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)
EXPECTED = {"INVALID_INPUT", "NOT_FOUND", "NETWORK_ERROR", "WRITES_DISABLED", "PERMISSION_DENIED", "CONFLICT"}


@st.composite
def arguments(draw: st.DrawFn, tool: Tool) -> dict[str, Any]:
    """Return arguments of a tool, of which some fit."""
    found: dict[str, Any] = {}
    for name, schema in tool.input_schema["properties"].items():
        right = st.just(argument(name, schema, REPO, NUMBER))
        kind = {"string": TEXTS, "integer": NUMBERS}.get(str(schema.get("type")), VALUES)
        if name in tool.input_schema.get("required", ()) or draw(st.booleans()):
            found[name] = draw(st.one_of(right, kind, VALUES))
    return found


async def listed(name: str) -> tuple[list[Tool], list[Prompt], list[str]]:
    async with Client(server_of(name)) as client:
        templates = (await client.list_resource_templates()).resource_templates
        return (
            list((await client.list_tools()).tools),
            list((await client.list_prompts()).prompts),
            [template.uri_template for template in templates],
        )


def server_of(name: str) -> Any:
    return make_server(name, environment_of(name, NOWHERE["DRONE_SERVER"]) | writing_environment_of(name))


@pytest.mark.parametrize("name", SERVERS)
def test_a_call_with_any_arguments_fails_as_expected(name: str) -> None:
    tools = anyio.run(listed, name)[0]

    @settings(max_examples=60)
    @given(st.data())
    def hold(data: st.DataObject) -> None:
        tool = data.draw(st.sampled_from(tools))
        given_arguments = data.draw(arguments(tool))
        if any("seconds" in key for key in given_arguments):
            given_arguments |= {key: 1 for key in given_arguments if "seconds" in key}

        async def call() -> Any:
            async with Client(server_of(name)) as client:
                return await client.call_tool(tool.name, given_arguments)

        result = anyio.run(call)
        if result.is_error:
            assert json.loads(result.content[0].text.removeprefix("Error: "))["code"] in EXPECTED

    hold()


@pytest.mark.parametrize("name", SERVERS)
def test_any_request_for_what_is_no_tool_is_refused_as_expected(name: str) -> None:
    _, prompts, templates = anyio.run(listed, name)

    @settings(max_examples=40)
    @given(st.data())
    def hold(data: st.DataObject) -> None:
        method, params = data.draw(st.sampled_from(requests_of(prompts, templates)))
        filled = json.loads(json.dumps(params), object_hook=lambda item: fill(item, data))

        async def ask() -> MCPError | None:
            async with Client(server_of(name), mode="legacy") as client:
                try:
                    await client.session.send_request(Request[Any, Any](method=method, params=filled), EmptyResult)
                except MCPError as error:
                    return error
                return None

        refused = anyio.run(ask)
        if refused is None:
            return
        crashed = isinstance(refused.data, dict) and refused.data.get("code") == "INTERNAL_ERROR"
        assert (refused.code in ERRORS, crashed) == (True, False), refused

    hold()


ANY = "\x1aany\x1a"


def fill(item: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """Put any text in the place of each `ANY`."""
    return {
        name: value.replace(ANY, data.draw(TEXTS)) if isinstance(value, str) and ANY in value else value
        for name, value in item.items()
    }


def requests_of(prompts: list[Prompt], templates: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return requests that name what is offered, with places for any text."""
    found: list[tuple[str, dict[str, Any]]] = [
        ("prompts/get", {"name": ANY}),
        ("resources/read", {"uri": ANY}),
        ("resources/read", {"uri": f"drone://{ANY}"}),
    ]
    for prompt in prompts:
        names = [item.name for item in prompt.arguments or ()]
        found.append(("prompts/get", {"name": prompt.name, "arguments": dict.fromkeys(names, ANY)}))
        found.append(("prompts/get", {"name": prompt.name, "arguments": {ANY: ANY}}))
    for template in templates:
        parts = template.split("{")
        uri = parts[0] + "".join(ANY + part.partition("}")[2] for part in parts[1:])
        found += [("resources/read", {"uri": uri}), ("resources/subscribe", {"uri": uri})]
        reference = {"type": "ref/resource", "uri": template}
        found.append(("completion/complete", {"ref": reference, "argument": {"name": ANY, "value": ANY}}))
    return found
