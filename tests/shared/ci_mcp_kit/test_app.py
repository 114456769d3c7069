from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client, MCPError
from mcp.types import PromptReference, ResourceTemplateReference

from ci_mcp_kit.manifest import manifest, manifest_text
from ci_mcp_kit.variables import SettingsError
from drone_mcp_build.variables import VARIABLES
from support.example_server import CRASH_TEXT, SPEC, create

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

    from drone_mcp_build.settings import Settings

NOT_FOUND = (-32002, -32602)  # before 2026-07-28 and since (SEP-2164)
ALL = ["drone_echo", "drone_log", "drone_fail", "drone_repo", "drone_wait", "drone_status", "drone_restart"]


async def names(settings: Settings, era: str) -> list[str]:
    async with Client(create(settings), mode=era) as client:
        return [tool.name for tool in (await client.list_tools()).tools]


async def test_the_server_introduces_itself(server: MCPServer[Any], era: str) -> None:
    async with Client(server, mode=era) as client:
        assert client.instructions == SPEC.instructions
        assert client.server_info is not None
        assert client.server_info.name == "drone-example"
        assert client.server_info.title == "Example"
        assert client.server_info.version


async def test_tools_come_in_the_order_they_are_written(settings: Settings, era: str) -> None:
    assert await names(settings, era) == ALL


async def test_the_allow_list_narrows_the_tools_and_keeps_their_order(settings: Settings, era: str) -> None:
    allowed = replace(settings, tools=("drone_wait", "drone_echo"))
    assert await names(allowed, era) == ["drone_echo", "drone_wait"]


async def test_a_tool_that_is_not_allowed_cannot_be_called(settings: Settings, era: str) -> None:
    server = create(replace(settings, tools=("drone_echo",)))
    async with Client(server, mode=era) as client:
        with pytest.raises(MCPError, match=r"no tool 'drone_log'; the tools are drone_echo") as caught:
            await client.call_tool("drone_log", {"text": "x"})
    assert caught.value.code == -32602


def test_an_allow_list_with_an_unknown_tool_stops_the_start(settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"'drone_ehco'.*did you mean drone_echo\? it has drone_echo, drone_log"):
        create(replace(settings, tools=("drone_ehco",)))


async def test_lists_may_be_kept_for_a_while(server: MCPServer[Any]) -> None:
    async with Client(server) as client:
        listed = await client.list_tools()
        assert (listed.ttl_ms, listed.cache_scope) == (3_600_000, "private")


async def test_a_resource_is_read_clean(server: MCPServer[Any], era: str) -> None:
    async with Client(server, mode=era) as client:
        build = (await client.read_resource("drone://example/octo/hello/build/7")).contents[0]
        rules = (await client.read_resource("drone://example/rules")).contents[0]
    assert (build.mime_type, build.text) == ("application/json", '{"text":"octo/hello#7","truncated":false}')  # type: ignore[union-attr]  # text
    assert (rules.mime_type, rules.text) == ("text/plain", "be kind")  # type: ignore[union-attr]  # text


@pytest.mark.parametrize(
    ("uri", "codes", "message"),
    [
        ("drone://example/octo/hello/build/404", NOT_FOUND, "No build 404. Check the name"),
        ("drone://example/octo/hello/build/500", (-32603, -32603), "build failed unexpectedly"),
        ("drone://example/octo/hello/build/x", (-32602, -32602), "number: should be a valid integer"),
        ("drone://nowhere", NOT_FOUND, "no resource 'drone://nowhere'; the resources are drone://example/{owner}/"),
        ("drone://\x1b[31m" + "x" * 10_000, NOT_FOUND, f"no resource 'drone://{'x' * 71}…'; the resources are"),
    ],
)
async def test_a_resource_that_cannot_be_read_is_a_protocol_error(
    server: MCPServer[Any], era: str, uri: str, codes: tuple[int, int], message: str
) -> None:
    async with Client(server, mode=era) as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
    assert caught.value.code == codes[era != "legacy"]
    assert message in caught.value.message
    assert CRASH_TEXT not in f"{caught.value.message} {caught.value.data}"


async def test_a_prompt_is_given_clean_and_its_errors_are_reported(server: MCPServer[Any], era: str) -> None:
    async with Client(server, mode=era) as client:
        asked = await client.get_prompt("ask", {"repo": "octo/hello"})
        assert asked.messages[0].content.text == "What about octo/hello?"  # type: ignore[union-attr]  # text
        for repo, code, message in (("none", -32602, "No such repository"), ("crash", -32603, "ask failed")):
            with pytest.raises(MCPError, match=message) as caught:
                await client.get_prompt("ask", {"repo": repo})
            assert caught.value.code == code
            assert CRASH_TEXT not in f"{caught.value.message} {caught.value.data}"


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ask", {}, "repo: is missing"),
        ("ask", {"repo": "octo/hello", "rpo": "x"}, "rpo: no such argument"),
        ("nothing", {}, "There is no prompt 'nothing'; the prompts are ask"),
    ],
)
async def test_a_prompt_that_cannot_be_given_is_a_protocol_error(
    server: MCPServer[Any], era: str, name: str, arguments: dict[str, str], message: str
) -> None:
    async with Client(server, mode=era) as client:
        with pytest.raises(MCPError, match=message) as caught:
            await client.get_prompt(name, arguments)
    assert caught.value.code == -32602


@pytest.mark.parametrize(
    "reference", [PromptReference(name="nothing"), ResourceTemplateReference(uri="drone://example/{repo}")]
)
async def test_nothing_is_completed_of_what_is_not_there(server: MCPServer[Any], era: str, reference: Any) -> None:
    async with Client(server, mode=era) as client:
        with pytest.raises(MCPError, match="There is no") as caught:
            await client.complete(reference, {"name": "repo", "value": ""})
    assert caught.value.code == -32602


@pytest.mark.parametrize(
    ("name", "value", "offered"),
    [("repo", "oc", ["octo/hello"]), ("number", "1", []), ("repo", "fail", []), ("repo", "crash", [])],
)
async def test_a_completion_offers_clean_values_and_nothing_where_it_fails(
    server: MCPServer[Any], era: str, name: str, value: str, offered: list[str]
) -> None:
    reference = ResourceTemplateReference(uri="drone://example/{owner}/{repo}/build/{number}")
    async with Client(server, mode=era) as client:
        result = await client.complete(reference, {"name": name, "value": value})
    assert list(result.completion.values) == offered


async def test_the_manifest_tells_what_the_server_offers(server: MCPServer[Any]) -> None:
    reported = await manifest(SPEC, server)
    assert {key: reported[key] for key in ("server", "title", "command", "module")} == {
        "server": "drone-example",
        "title": "Example",
        "command": "drone-mcp-example",
        "module": "support.example_server",
    }
    assert reported["environment"] == [variable.name for variable in VARIABLES]
    assert [item["name"] for item in reported["tools"]] == ALL
    assert reported["tools"][2] == {
        "name": "drone_fail",
        "title": "Fail",
        "description": "Fail as reported.",
        "read_only": False,
        "destructive": True,
    }
    assert {"uri": "drone://example/rules", "name": "rules"} in reported["resources"]
    assert reported["prompts"] == [{"name": "ask", "title": "Ask"}]
    assert manifest_text(reported).endswith("}\n")
