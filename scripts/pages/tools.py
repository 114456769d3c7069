"""`docs/tools.md`: arguments as clients see them, answers with their types, of every installed tool."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.answer import View
from ci_mcp_kit.schemas import flatten
from ci_mcp_kit.tools import TOOL_MARK, Declared, make_tool
from drone_mcp_config.installation.reading import read_installation

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_config.installation.server_manifest import Manifest

HEAD = """\
# Tools: arguments and answers

This page is generated from the code. Fields marked with `?` are omitted if they have no value. Servers validate
arguments strictly and answer an invalid one with `INVALID_INPUT`. All failures have the shape that
[Architecture](architecture.md#answers) describes. Each tool has an [example](examples.md).
"""


def tools_of(manifest: Manifest) -> list[Callable[..., Any]]:
    """Find the functions that a server declares as tools, in its order: in `tools.py`, or in one for each folder."""
    root = importlib.import_module(manifest.module)
    files = Path(root.__path__[0]).glob("**/tools.py")
    names = [".".join(file.relative_to(root.__path__[0]).with_suffix("").parts) for file in files]
    modules = [importlib.import_module(f"{manifest.module}.{name}") for name in names]
    classes = [
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
    ]
    found = [MethodType(item, kind) for kind in classes for item in vars(kind).values() if hasattr(item, TOOL_MARK)]
    return sorted(found, key=lambda item: manifest.tool_names.index(item.__name__))


def view_of(function: Callable[..., Any]) -> type[View]:
    """Find the model of a tool's answer in its annotations."""
    returns = inspect.signature(function, eval_str=True).return_annotation
    kinds = getattr(returns, "__args__", (returns,))
    return next(kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, View))


def shape(node: dict[str, Any], indent: str = "") -> str:
    """Write a schema as a reader thinks of it: `{name: type, other?: type}`."""
    if "properties" in node:
        inner = indent + "  "
        required = node.get("required", [])
        fields = [
            f"{inner}{name}{'' if name in required else '?'}: {shape(item, inner)}{comment(item)}"
            for name, item in node["properties"].items()
        ]
        return "\n".join(["{", *fields, f"{indent}}}"])
    if node.get("type") == "array":
        return f"[{shape(node['items'], indent)}]" if node.get("items") else "[…]"
    if "enum" in node:
        return " | ".join(f'"{item}"' for item in node["enum"])
    values = node.get("additionalProperties")
    return f"{{…: {shape(values, indent)}}}" if isinstance(values, dict) else node.get("type", "any")


def comment(node: dict[str, Any]) -> str:
    """Write the description of a field behind it."""
    return f"  // {node['description']}" if "description" in node and "properties" not in node else ""


def argument(name: str, node: dict[str, Any], *, required: bool) -> str:
    """Write the row of an argument."""
    kinds = f"one of {', '.join(node['enum'])}" if "enum" in node else node.get("type", "any")
    default = f"`{json.dumps(node['default'])}`" if "default" in node else "required" if required else ""
    return f"| `{name}` | {kinds} | {default} | {node.get('description', '')} |"


def answer(function: Callable[..., Any]) -> str:
    """Write the shape of a tool's answer."""
    schema = view_of(function).model_json_schema()
    for definition in schema.get("$defs", {}).values():
        definition.pop("description", None)
    return shape(flatten(schema))


def section(function: Callable[..., Any], page: str, told: set[str]) -> str:
    """Write the section of a tool, whose example is on `page`; a schema that is in `told` was shown before."""
    made = make_tool(function)
    facts: Declared = getattr(function, TOOL_MARK)
    required = made.parameters.get("required", [])
    rows = [argument(name, node, required=name in required) for name, node in made.parameters["properties"].items()]
    held = ", as above" if facts.schema in told else f":\n\n```\n{answer(function)}\n```"
    told.add(facts.schema)
    head = [f"### `{made.name}`\n\n{made.description}\n", "| argument | type | default | |\n| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows, f"\nAnswer ([example]({page}#{made.name})): `{facts.schema}`{held}\n"])


def tools_page() -> str:
    """Return the whole page."""
    parts, told = [HEAD], set[str]()
    for name, manifest in read_installation().items():
        page = f"examples/{name}.md"
        parts += [f"## {manifest.server}\n", *(section(item, page, told) for item in tools_of(manifest))]
    return "\n".join(parts)
