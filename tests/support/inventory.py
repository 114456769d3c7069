"""Walks what a server offers as a client sees it: the rules that hold for every tool of every server.

async def test_the_inventory_keeps_the_rules() -> None:
    async with Client(create(Settings(server="http://drone.test"))) as client:
        tools = (await client.list_tools()).tools
    assert inventory_faults("drone-builds", tools) == []
    check_snapshots(tools, Path(__file__).parent / "snapshots")
    assert tokens(tools) <= 1500
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mcp.types import Tool

_MAX_NAMES = 55  # server and tool together; a client drops tools above 60
_MAX_DESCRIPTION = 1200
_LIMITS = ("minimum", "maximum", "maxLength", "maxItems")


def wire(tool: Tool) -> dict[str, Any]:
    """Return `tool` as it is on the wire."""
    return tool.model_dump(mode="json", by_alias=True, exclude_none=True)


def inventory_faults(server: str, tools: Iterable[Tool]) -> list[str]:
    """Return every rule that a tool of `server` breaks, in words."""
    return [f"{tool.name}: {fault}" for tool in tools for fault in _faults(server, wire(tool))]


def _faults(server: str, tool: dict[str, Any]) -> Iterator[str]:
    if not re.fullmatch(r"drone_[a-z]+(_[a-z]+)*", tool["name"]):
        yield "its name is not drone_ and lower-case words"
    if len(server) + len(tool["name"]) > _MAX_NAMES:
        yield f"its name and {server}'s are over {_MAX_NAMES} characters"
    if not 0 < len(tool.get("description", "")) <= _MAX_DESCRIPTION:
        yield f"its description is empty or over {_MAX_DESCRIPTION} characters"
    notes = tool.get("annotations", {})
    hints = {"title", "readOnlyHint", "openWorldHint"}
    hints |= set() if notes.get("readOnlyHint") else {"destructiveHint", "idempotentHint"}
    if notes.keys() != hints:
        yield f"its annotations are not {', '.join(sorted(hints))}"
    if not re.fullmatch(r"[a-z][a-z0-9-]*/\d+", tool.get("_meta", {}).get("drone-mcp/schema", "")):
        yield "its schema version is missing"
    for kind in ("inputSchema", "outputSchema"):
        yield from (f"{kind} {fault}" for fault in _schema_faults(tool.get(kind, {})))
    if tool["inputSchema"].get("additionalProperties") is not False:
        yield "inputSchema takes arguments that it does not know"
    yield from _argument_faults(tool["inputSchema"])


def _schema_faults(schema: dict[str, Any]) -> Iterator[str]:
    if schema.get("type") != "object":
        yield "is no object at its root"
    if schema.keys() & {"anyOf", "oneOf", "allOf"}:
        yield "has a union at its root"
    text = json.dumps(schema)
    if '"$ref"' in text or '"$defs"' in text:
        yield "has a reference"
    if '{"type": "null"}' in text:
        yield "has a null"


def _argument_faults(schema: dict[str, Any]) -> Iterator[str]:
    for name, argument in schema["properties"].items():
        described = argument.get("description", "")
        if not described:
            yield f"argument {name} has no description"
        for limit in _LIMITS:
            if limit in argument and f"{argument[limit]:,}" not in described and str(argument[limit]) not in described:
                yield f"argument {name}: its description does not tell {limit} {argument[limit]}"  # clients drop limits


def tokens(tools: Iterable[Tool]) -> int:
    """Return what listing `tools` costs a model, by the usual estimate of four characters a token."""
    return len(json.dumps([wire(tool) for tool in tools], separators=(",", ":"), ensure_ascii=False)) // 4


def check_snapshots(tools: Iterable[Tool], folder: Path) -> None:
    """Compare every tool with `folder`/name.json; UPDATE_SNAPSHOTS=1 writes them, and a leftover one fails, too."""
    now = {
        f"{tool.name}.json": json.dumps(wire(tool), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        for tool in tools
    }
    if os.environ.get("UPDATE_SNAPSHOTS"):
        folder.mkdir(exist_ok=True)
        for name, text in now.items():
            (folder / name).write_text(text, encoding="utf-8")
    kept = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("drone_*.json"))}
    stale = sorted(name for name in now.keys() | kept.keys() if now.get(name) != kept.get(name))
    assert not stale, f"read the diff after UPDATE_SNAPSHOTS=1 pytest: {', '.join(stale)}"
