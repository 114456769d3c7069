"""What a client is promised: schemas, manifest, budgets. UPDATE_SNAPSHOTS=1 rewrites the snapshots; read their diff."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from mcp import MCPError

from drone_mcp_build.settings import Settings
from drone_mcp_kit.manifest import manifest, manifest_text
from drone_mcp_policy import server
from drone_mcp_policy.server import SPEC, create
from support.snapshots import hold

SNAPSHOTS = Path(__file__).parent / "snapshots"
PACKAGE = Path(server.__file__).parent
TOOLS = ["drone_evaluate_build", "drone_explain_policy"]


def on_the_wire(item: Any) -> dict[str, Any]:
    data: dict[str, Any] = item.model_dump(mode="json", by_alias=True, exclude_none=True)
    return data


async def listed(agent: Any) -> list[dict[str, Any]]:
    return [on_the_wire(tool) for tool in (await agent.client.list_tools()).tools]


async def test_both_eras_see_the_same_tools(connect: Any) -> None:
    async with connect("auto") as modern, connect("legacy") as legacy:
        assert await listed(modern) == await listed(legacy)
        assert [tool["name"] for tool in await listed(modern)] == TOOLS


@pytest.mark.parametrize("name", TOOLS)
async def test_a_tools_schema_is_the_one_in_git(agent: Any, name: str) -> None:
    (tool,) = [tool for tool in await listed(agent) if tool["name"] == name]
    hold(SNAPSHOTS / f"{name}.json", json.dumps(tool, indent=2, ensure_ascii=False) + "\n")


async def test_the_resources_are_those_in_git(agent: Any) -> None:
    resources = [on_the_wire(item) for item in (await agent.client.list_resources()).resources]
    hold(SNAPSHOTS / "resources.json", json.dumps(resources, indent=2, ensure_ascii=False) + "\n")
    assert (await agent.client.list_resource_templates()).resource_templates == []
    assert (await agent.client.list_prompts()).prompts == []


async def test_the_manifest_tells_what_the_server_offers() -> None:
    running = create(Settings.from_environment({"DRONE_SERVER": "https://drone.example.com"}))
    hold(PACKAGE / "manifest.json", manifest_text(await manifest(SPEC, running)))


async def test_every_tool_says_that_it_only_reads(agent: Any) -> None:
    for tool in await listed(agent):
        assert tool["annotations"]["readOnlyHint"] is True
        assert tool["_meta"]["drone-mcp/schema"]
        assert tool["inputSchema"]["additionalProperties"] is False


async def test_the_list_of_tools_costs_at_most_1500_tokens(agent: Any) -> None:
    assert len(json.dumps(await listed(agent), separators=(",", ":"))) <= 1_500 * 4


def test_the_instructions_are_short_and_name_every_tool() -> None:
    assert len(SPEC.instructions) <= 1_500
    assert all(name in SPEC.instructions for name in TOOLS)


@pytest.mark.checkout
def test_the_code_names_no_tool_of_another_server() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.glob("*.py"))
    assert set(re.findall(r"drone_(?!mcp_)[a-z]+_[a-z]+(?:_[a-z]+)*", source)) == set(TOOLS)


async def test_the_allow_list_leaves_only_what_it_names(connect: Any) -> None:
    async with connect(DRONE_MCP_TOOLS="drone_evaluate_build") as agent:
        assert [tool["name"] for tool in await listed(agent)] == ["drone_evaluate_build"]
        with pytest.raises(MCPError, match="no tool 'drone_explain_policy'"):
            await agent.client.call_tool("drone_explain_policy", {})
