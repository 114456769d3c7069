"""Arguments that fit any tool, by its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.types import Tool

WORDS = {"branch": "main", "query": "error", "pattern": "error", "commit": "0123456789", "url": "octo/hello#4"}


def argument(name: str, schema: dict[str, Any], repo: str, number: int) -> Any:
    """Return something that fits an argument."""
    if name in {"repo", "number"}:
        return repo if name == "repo" else number
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "integer":
        return schema.get("minimum", 1)
    return {"string": WORDS.get(name, "test"), "boolean": False, "array": [], "object": {}}.get(str(kind), 1)


def least_arguments(tool: Tool, repo: str, number: int) -> dict[str, Any]:
    """Return what a call of `tool` about a build needs, and the shortest time where it waits."""
    known = tool.input_schema["properties"]
    least = {"repo", "number", *tool.input_schema.get("required", ()), *(name for name in known if "seconds" in name)}
    return {name: argument(name, schema, repo, number) for name, schema in known.items() if name in least}
