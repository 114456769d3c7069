"""Rewrites the JSON Schemas of pydantic so that every client can read them. Pure.

Several clients drop a tool, or a whole server, whose schema has `$ref`, a union at its root or a nullable type (see
https://github.com/modelcontextprotocol/python-sdk/issues/2384). So definitions are inlined, `X | None` of a field that
may be left out becomes `X`, and generated titles are removed.
"""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from pydantic import BaseModel

_REF = "#/$defs/"
_NULL = {"type": "null"}


def flatten(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` inlined, without titles, with nullable types made plain.

    A property that may be null is not required any more: a null and nothing mean the same here.

    Raises:
        ValueError: the schema refers to itself, which cannot be inlined.
    """
    flat: dict[str, Any] = _node(schema, schema.get("$defs", {}), ())
    flat.pop("$defs", None)
    return flat


def outline(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an answer, shortened, because every request of an agent pays for the list of tools.

    A field that is always present keeps its type, an optional one only its name, and nested objects become the names of
    their fields. Docstrings and defaults are removed.

    Raises:
        ValueError: as `flatten`.
    """
    defs = {
        name: {key: value for key, value in item.items() if key != "description"}
        for name, item in schema.get("$defs", {}).items()
    }
    flat = flatten({**schema, "$defs": defs})
    required = flat.get("required", [])
    properties = {name: _field(item, always=name in required) for name, item in flat.get("properties", {}).items()}
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def outline_names(model: type[BaseModel], *, brief: bool = False) -> dict[str, Any]:
    """Return the schema of an answer with nothing but the names of its fields, for one that is read as text.

    It is made without pydantic's JSON Schema, which takes a server with many tools a twentieth of its start.

    Args:
        model: the answer.
        brief: whether to name only the fields that are always present, and not to say twice that they are.
    """
    fields = model.model_fields
    required = [
        name for name, field in fields.items() if field.is_required() and NoneType not in get_args(field.annotation)
    ]
    if brief:
        return {"type": "object", "properties": {name: {} for name in required}}
    return {"type": "object", "properties": {name: {} for name in fields}} | (
        {"required": required} if required else {}
    )


def _field(node: dict[str, Any], *, always: bool) -> dict[str, Any]:
    said = {key: value for key, value in node.items() if key == "description"}
    item = node.get("items", {})
    if "properties" in item:
        return {"type": "array", "items": _named(item), **said}
    if "properties" in node:
        return _named(node)
    return {key: value for key, value in node.items() if key != "default"} if always else said


def _named(node: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "description": node.get("description") or _names(node)}


def _names(node: dict[str, Any]) -> str:
    return ", ".join(name + _within(item) for name, item in node["properties"].items())


def _within(node: dict[str, Any]) -> str:
    """Return the description of a field, or the names of its fields, in brackets."""
    item = node.get("items", node)
    said = node.get("description") or (_names(item) if "properties" in item else "")
    return f" ({said})" if said else ""


def _node(node: Any, defs: dict[str, Any], seen: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_node(item, defs, seen) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].removeprefix(_REF)
        if name in seen:
            raise ValueError(f"{name} refers to itself: such a schema cannot be inlined")
        siblings = {key: value for key, value in node.items() if key != "$ref"}
        return _node(defs[name] | siblings, defs, (*seen, name))
    node = _not_null({key: value for key, value in node.items() if key not in {"title", "$defs"}})
    # `X | None` has become the reference to X.
    if "$ref" in node:
        return _node(node, defs, seen)
    return {key: _child(key, value, defs, seen) for key, value in _required(node).items()}


def _child(key: str, value: Any, defs: dict[str, Any], seen: tuple[str, ...]) -> Any:
    # Their keys are names of fields, not keywords: a field may be called "title" or "required".
    if key == "properties":
        return {name: _node(item, defs, seen) for name, item in value.items()}
    # Values, and not schemas.
    if key in {"default", "enum", "const", "examples", "required"}:
        return value
    return _node(value, defs, seen)


def _not_null(node: dict[str, Any]) -> dict[str, Any]:
    """Remove null from a union, and a default of null with it."""
    union = node.get("anyOf")
    if not isinstance(union, list) or _NULL not in union:
        return node
    rest = [arm for arm in union if arm != _NULL]
    siblings = {
        key: value for key, value in node.items() if key != "anyOf" and not (key == "default" and value is None)
    }
    return (rest[0] | siblings) if len(rest) == 1 else {"anyOf": rest, **siblings}


def _required(node: dict[str, Any]) -> dict[str, Any]:
    """Remove nullable properties from `required`."""
    properties, required = node.get("properties"), node.get("required")
    if not isinstance(properties, dict) or not isinstance(required, list):
        return node
    left = [name for name in required if _NULL not in properties.get(name, {}).get("anyOf", [])]
    without = {key: value for key, value in node.items() if key != "required"}
    return without | ({"required": left} if left else {})
