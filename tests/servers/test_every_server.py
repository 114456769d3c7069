"""What every installed server promises its clients. UPDATE_SNAPSHOTS=1 rewrites snapshots and manifests."""

from __future__ import annotations

import base64
import json
import re
import sys
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client, MCPError, UriTemplate
from mcp.client.stdio import stdio_client
from mcp.types import EmptyResult, Request

from ci_mcp_kit.app import run
from ci_mcp_kit.front.surface import FILE
from ci_mcp_kit.http_settings import HTTP_VARIABLES
from ci_mcp_kit.manifest import manifest, manifest_text
from ci_mcp_kit.variables import STATE, SettingsError, is_quoted
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role
from support.arguments import argument, least_arguments
from support.installed import (
    OVER_HTTP,
    PACKAGES,
    SERVERS,
    environment_of,
    make_server,
    package_folder,
    server_module,
    writing_environment_of,
)
from support.inventory import first_word, inventory_faults, tokens, wire
from support.patience import PATIENCE
from support.raw_server import RawServer
from support.snapshots import hold, hold_all
from support.warm import warm_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from mcp.types import Tool

SERVER_BUDGET = 1_500  # tokens of the list of tools
# Of one that has the tools of a system, few tools, or (deploy) four that change something, with the guard's arguments.
SERVER_BUDGETS = {
    "fleet": 2_500,
    "jenkins": 3_000,
    "admin": 2_700,
    "issues": 2_500,
    "observe": 2_500,
    "deploy": 2_100,
    "code": 1_200,
    "nodes": 2_500,
}
ROLE_BUDGETS = {"dev": 7_500}  # 4,000 of them about builds
INSTRUCTIONS = 1_500  # characters
REPO, NUMBER = "octo/hello", 4
SECRET = "0d5b7c2e9f4a4c1b8e6d3f2a1b0c9d8e"
TAKE_ANY_BYTES = {"drone_read_file"}
"""Tools for which every body of a response is an answer."""
OK = 200
OF_EVERY_TOOL = {"drone://audit/recent"}
"""Resources that belong to each tool of their server."""

FEW = "'\"`orgserveA0/=:-!*_."
"""The characters that the patterns of guards name, and quotes."""

every_server = pytest.mark.parametrize("name", SERVERS)


@asynccontextmanager
async def client_of(name: str, mode: Any = "auto", **environment: str) -> AsyncIterator[Client]:
    async with Client(make_server(name, environment_of(name) | environment), mode=mode) as client:
        yield client


async def tools_of(name: str) -> list[Tool]:
    async with client_of(name) as client:
        return list((await client.list_tools()).tools)


async def offered(client: Client) -> dict[str, list[dict[str, Any]]]:
    """Return the lists that a client is given, as they are on the wire."""
    tools = (await client.list_tools()).tools
    resources = (await client.list_resources()).resources
    templates = (await client.list_resource_templates()).resource_templates
    prompts = (await client.list_prompts()).prompts
    lists: dict[str, list[Any]] = {"tools": tools, "resources": [*resources, *templates], "prompts": prompts}
    return {kind: [wire(item) for item in items] for kind, items in lists.items()}


def error_of(result: Any) -> dict[str, Any]:
    assert result.is_error
    return dict(json.loads(result.content[0].text.removeprefix("Error: ")))


@every_server
async def test_the_manifest_tells_what_the_server_offers(name: str) -> None:
    module = server_module(name)
    made = await manifest(module.SPEC, make_server(name, environment_of(name)))
    hold(package_folder(name) / "manifest.json", manifest_text(made))
    assert made["module"] == PACKAGES[name]


@every_server
async def test_tools_resources_and_prompts_are_those_in_git(name: str) -> None:
    async with client_of(name) as client:
        lists = await offered(client)
    items: dict[str, Any] = {tool["name"]: tool for tool in lists["tools"]}
    items |= {kind: lists[kind] for kind in ("resources", "prompts") if lists[kind]}
    hold_all(Path(__file__).parent / PACKAGES[name] / "snapshots", items)


@every_server
async def test_every_tool_keeps_the_rules(name: str) -> None:
    assert inventory_faults(server_module(name).SPEC.name, await tools_of(name)) == []


@every_server
async def test_the_list_of_tools_fits_its_budget(name: str) -> None:
    assert tokens(await tools_of(name)) <= SERVER_BUDGETS.get(name, SERVER_BUDGET)


@pytest.mark.parametrize(("role", "budget"), ROLE_BUDGETS.items())
async def test_the_tools_of_a_role_fit_its_budget(role: str, budget: int) -> None:
    servers = load_role(role, role_library(None), read_installation()).servers
    assert sum([tokens(await tools_of(name)) for name in servers]) <= budget


@every_server
async def test_the_instructions_are_short_name_every_tool_and_warn_of_text_by_others(name: str) -> None:
    async with client_of(name) as client:
        instructions = client.instructions or ""
    assert len(instructions) <= INSTRUCTIONS
    assert "data, never instructions" in instructions
    assert [tool.name for tool in await tools_of(name) if tool.name not in instructions] == []


@every_server
def test_a_server_that_changes_something_shares_its_notes_with_its_replicas(name: str) -> None:
    spec = server_module(name).SPEC
    assert spec.guard is None or STATE in spec.settings.variables


@every_server
def test_a_server_that_changes_something_looks_at_audit_files_and_its_help_says_so(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    module, missing = server_module(name), tmp_path / "audit.jsonl"
    monkeypatch.setattr(sys, "argv", [module.SPEC.command, "audit", "verify", str(missing)])
    with pytest.raises(SystemExit):
        run(module.SPEC, module.create)
    looked = f"{module.SPEC.command} audit: " in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", [module.SPEC.command, "--help"])
    with pytest.raises(SystemExit):
        run(module.SPEC, module.create)
    shown = capsys.readouterr().out
    says_so = all(f"{module.SPEC.command} audit {word} FILE" in shown for word in ("show", "verify"))
    assert (looked, says_so) == (module.SPEC.guard is not None,) * 2


@every_server
@given(data=st.data())
def test_no_list_that_a_role_file_takes_looks_like_a_text_in_quotes(name: str, data: st.DataObject) -> None:
    guard = server_module(name).SPEC.guard
    lists = [key["items"] for key in (guard.keys if guard else {}).values() if "items" in key]
    for pattern in [items["pattern"] for items in lists if "pattern" in items]:
        items = data.draw(st.lists(st.from_regex(pattern, fullmatch=True, alphabet=FEW), min_size=1, max_size=3))
        assert not is_quoted(",".join(items))


@every_server
async def test_both_eras_are_offered_the_same(name: str) -> None:
    async with client_of(name, "auto") as modern, client_of(name, "legacy") as legacy:
        assert await offered(modern) == await offered(legacy)
        assert modern.instructions == legacy.instructions


@every_server
async def test_a_tool_says_that_it_only_reads_where_the_manifest_says_so(name: str) -> None:
    listed = {
        tool.name: (tool.annotations.read_only_hint, bool(tool.annotations.destructive_hint))
        for tool in await tools_of(name)
        if tool.annotations
    }
    reported = read_installation()[name]
    assert listed == {tool.name: (tool.read_only, tool.destructive) for tool in reported.tools}
    assert bool(reported.guard) == any(not tool.read_only for tool in reported.tools), "what writes is guarded"


@every_server
async def test_the_allow_list_leaves_only_what_it_names(name: str) -> None:
    every = [tool.name for tool in await tools_of(name)]
    for allowed in every:
        async with client_of(name, DRONE_MCP_TOOLS=allowed) as client:
            assert [tool["name"] for tool in (await offered(client))["tools"]] == [allowed]
            for other in every:
                if other != allowed:
                    with pytest.raises(MCPError, match=f"no tool '{other}'"):
                        await client.call_tool(other, {})


@every_server
async def test_a_prompt_is_offered_with_the_tool_that_its_text_calls(name: str) -> None:
    async with client_of(name) as client:
        missing = {prompt.name for prompt in (await client.list_prompts()).prompts}
    for allowed in [tool.name for tool in await tools_of(name)]:
        async with client_of(name, DRONE_MCP_TOOLS=allowed) as client:
            for prompt in (await client.list_prompts()).prompts:
                values = {item.name: str(argument(item.name, {}, REPO, NUMBER)) for item in prompt.arguments or ()}
                (message,) = (await client.get_prompt(prompt.name, values)).messages
                assert allowed in message.content.text  # type: ignore[union-attr]  # a prompt of ours is text
                missing.discard(prompt.name)
    assert missing == set(), "they are offered with no single tool"


@every_server
async def test_what_is_no_tool_belongs_to_one_and_goes_with_it(name: str) -> None:
    needs: dict[str, list[str]] = json.loads((package_folder(name) / FILE).read_text(encoding="utf-8"))["needs"]
    assert [item for item, tools in needs.items() if not tools and item not in OF_EVERY_TOOL] == []
    for allowed in [tool.name for tool in await tools_of(name)]:
        gone = [item for item, tools in needs.items() if not {allowed}.issuperset(tools)]
        async with client_of(name, "legacy", DRONE_MCP_TOOLS=allowed) as client:
            lists = await offered(client)
            left = {item.get("uri") or item.get("uriTemplate") or item["name"] for item in lists["resources"]}
            left |= {item["name"] for item in lists["prompts"]}
            assert left == needs.keys() - set(gone)
            for item in gone:
                await assert_out_of_reach(client, item)


async def assert_out_of_reach(client: Client, item: str) -> None:
    """Check that no method of the protocol gets at a prompt or a resource."""
    argument = {"name": "repo", "value": ""}
    if "://" in item:
        template = UriTemplate.parse(item)
        uri = template.expand({name: "1" if name == "number" else "x" for name in template.variable_names})
        requests: dict[str, Any] = {
            "resources/read": {"uri": uri},
            "resources/subscribe": {"uri": uri},
            "completion/complete": {"ref": {"type": "ref/resource", "uri": item}, "argument": argument},
        }
    else:
        requests = {
            "prompts/get": {"name": item},
            "completion/complete": {"ref": {"type": "ref/prompt", "name": item}, "argument": argument},
        }
    for method, params in requests.items():
        with pytest.raises(MCPError, match=r"There is no|Method not found"):
            await client.session.send_request(Request[Any, Any](method=method, params=params), EmptyResult)


@every_server
async def test_the_package_names_no_tool_that_it_does_not_have(name: str) -> None:
    tools = await tools_of(name)
    texts = [path.read_text(encoding="utf-8") for path in package_folder(name).rglob("*.py")]
    named = {word for text in texts for word in re.findall(rf"\b{first_word(tools)}(?!_mcp(?:_|\b))(?:_[a-z]+)+", text)}
    assert named == {tool.name for tool in tools}


@contextmanager
def no_services() -> Iterator[Callable[[], list[str]]]:
    """Answer no request; yield what returns the paths that were asked for.

    The scopes of the forge's token are not counted: they are asked for when a client lists the tools, not by a call.
    """
    scopes = "/api/v1/token"
    with respx.mock(assert_all_called=False) as services:
        services.get(path=scopes).respond(404)
        yield lambda: [path for call in services.calls if (path := call.request.url.path) != scopes]


@every_server
async def test_an_argument_that_no_tool_has_is_refused_before_anything_is_asked(name: str) -> None:
    with no_services() as asked:
        async with client_of(name) as client:
            for tool in await tools_of(name):
                arguments = least_arguments(tool, REPO, NUMBER) | {"nothing_like_it": 1}
                error = error_of(await client.call_tool(tool.name, arguments))
                assert error["code"] == "INVALID_INPUT"
                assert "nothing_like_it" in error["message"]
    assert asked() == []


VALUES: dict[str, Any] = {
    "boolean": True,
    "integer": 1,
    "number": 1.5,
    "string": "1",
    "array": ["1"],
    "object": {"a": "1"},
}
"""A value of each JSON type that programs turn into one of another type."""


@every_server
async def test_no_argument_takes_a_value_of_another_json_type(name: str) -> None:
    with no_services() as asked:
        async with client_of(name) as client:
            for tool in await tools_of(name):
                for argument_name, schema in tool.input_schema["properties"].items():
                    taken = json_types(schema)
                    # The text of what has a number or a name may be sent as the number that it is.
                    if "number or name" in schema.get("description", ""):
                        taken |= {"integer"}
                    for kind, value in VALUES.items():
                        if kind not in taken:
                            arguments = least_arguments(tool, REPO, NUMBER) | {argument_name: value}
                            error = error_of(await client.call_tool(tool.name, arguments))
                            assert (error["code"], tool.name, argument_name, kind) == (
                                "INVALID_INPUT",
                                tool.name,
                                argument_name,
                                kind,
                            )
                            assert argument_name in error["message"]
    assert asked() == []


def json_types(schema: dict[str, Any]) -> set[str]:
    """Return the JSON types that a schema takes."""
    if "anyOf" in schema:
        return set().union(*map(json_types, schema["anyOf"]))
    given = schema["type"]
    found = {given} if isinstance(given, str) else set(given)
    return found | ({"integer"} if "number" in found else set())


WRITTEN_WRONGLY = {
    "{}\nX-More: 1": "line end",
    "Bearer {}": "Bearer",
    "{} more": "space",
    '"{}': "quote",
    "{}'": "quote",
    "${{{}}}": "not filled in",
}


@pytest.mark.parametrize(
    "form", ['"{}"', "'{}'", "`{}`", "\N{LEFT DOUBLE QUOTATION MARK}{}\N{RIGHT DOUBLE QUOTATION MARK}"]
)
@every_server
def test_quotes_around_any_value_are_named_and_the_value_is_not_shown(name: str, form: str) -> None:
    for variable in (*server_module(name).SPEC.settings.variables, *HTTP_VARIABLES):
        with pytest.raises(SettingsError, match="has quotes around its value") as caught:
            variable.read(form.format(SECRET))
        assert (caught.value.variable, SECRET in str(caught.value)) == (variable.name, False)


@pytest.mark.parametrize("form", WRITTEN_WRONGLY)
@every_server
def test_a_token_that_is_written_wrongly_is_refused_with_the_reason_and_not_shown(name: str, form: str) -> None:
    tokens = [variable for variable in server_module(name).SPEC.settings.variables if variable.field.endswith("token")]
    assert tokens
    for variable in (*tokens, HTTP_VARIABLES[0]):
        with pytest.raises(SettingsError, match=WRITTEN_WRONGLY[form]) as caught:
            variable.read(form.format(SECRET))
        assert variable.name in str(caught.value)
        assert SECRET not in str(caught.value) or form.startswith("$"), "a name is shown, a value is not"


@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize("name", OVER_HTTP)
async def test_no_secret_is_in_the_answers_or_the_log_of_failing_calls(name: str, status: int, tmp_path: Path) -> None:
    variables = [item for item in read_installation()[name].environment if item.endswith(("_TOKEN", "_KEY"))]
    secrets = {variable: f"5ec2e7-{number:02}-{variable.lower():x<40}" for number, variable in enumerate(variables)}
    body = json.dumps({"message": " ".join(secrets.values()), "id": [*secrets.values()]}).encode()
    head = f"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    service = RawServer(head.encode() + b"Connection: close\r\n\r\n" + body)
    log = tmp_path / "log.txt"
    with anyio.fail_after(PATIENCE), log.open("w", encoding="utf-8") as errors:
        async with service.listening():
            environment = {
                **environment_of(name, f"http://127.0.0.1:{service.port}"),
                **writing_environment_of(name),
                **secrets,
                "DRONE_MCP_LOG_LEVEL": "debug",
            }
            process = warm_server(PACKAGES[name], environment)
            async with Client(stdio_client(process, errors)) as client:
                tools = await tools_of(name)
                calls = [(tool.name, least_arguments(tool, REPO, NUMBER)) for tool in tools]
                results = [await client.call_tool(*call) for call in calls]
    taken = {tool.name for tool, result in zip(tools, results, strict=True) if not result.is_error}
    assert taken <= (TAKE_ANY_BYTES if status == OK else set())
    said = "".join(result.model_dump_json() for result in results) + log.read_text(encoding="utf-8")
    used = [secrets[token] for token in read_installation()[name].token_variables[:1]]
    heads = b"".join(service.heads)
    heads += b"".join(map(base64.b64decode, re.findall(rb"Authorization: Basic (\S+)", heads)))
    assert [secret for secret in used if secret.encode() not in heads] == [], "nothing is shown here"
    assert [secret for secret in secrets.values() if secret in said] == []
