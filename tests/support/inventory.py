"""Walks what a server offers as a client sees it: the rules that hold for every tool of every server.

async def test_the_inventory_keeps_the_rules() -> None:
    async with Client(create(Settings(server="http://drone.test"))) as client:
        tools = (await client.list_tools()).tools
    assert inventory_faults("drone-builds", tools) == []
    assert tokens(tools) <= 1500
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mcp.types import Tool
    from pydantic import BaseModel

_MAX_NAMES = 55  # server and tool together; a client drops tools above 60
_MAX_DESCRIPTION = 1200
_LIMITS = ("minimum", "maximum", "maxLength", "maxItems")


def wire(item: BaseModel) -> dict[str, Any]:
    """Return a tool, a resource or a prompt as it is on the wire."""
    return item.model_dump(mode="json", by_alias=True, exclude_none=True)


def first_word(tools: Sequence[Tool]) -> str:
    """Return the word that the names of all tools of a server begin with: that of the first one."""
    return tools[0].name.partition("_")[0]


def inventory_faults(server: str, tools: Sequence[Tool]) -> list[str]:
    """Return every rule that a tool of `server` breaks, in words."""
    return [f"{tool.name}: {fault}" for tool in tools for fault in _faults(server, first_word(tools), wire(tool))]


def _faults(server: str, word: str, tool: dict[str, Any]) -> Iterator[str]:
    if not re.fullmatch(rf"{re.escape(word)}(_[a-z]+)+", tool["name"]) or not re.fullmatch("[a-z]+", word):
        yield f"its name is not {word}_ and lower-case words, joined by underscores"
    if len(server) + len(tool["name"]) > _MAX_NAMES:
        yield f"its name and {server}'s are over {_MAX_NAMES} characters"
    if not 0 < len(tool.get("description", "")) <= _MAX_DESCRIPTION:
        yield f"its description is empty or over {_MAX_DESCRIPTION} characters"
    notes = tool.get("annotations", {})
    hints = {"title", "readOnlyHint"}
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
            if limit in argument and not re.search(rf"\b({argument[limit]}|{argument[limit]:,})\b", described):
                yield f"argument {name}: its description does not tell {limit} {argument[limit]}"  # clients drop limits


def tokens(tools: Iterable[Tool]) -> int:
    """Return what listing `tools` costs a model, by the usual estimate of four characters a token."""
    return len(json.dumps([wire(tool) for tool in tools], separators=(",", ":"), ensure_ascii=False)) // 4
