"""What is wrong with a service definition, in words and with the place of each mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.suggesting import suggest
from drone_mcp_nodes_api.definitions.model import Component, Health, Resources, Secret, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

KeyPath = tuple[str | int, ...]

_MODELS: dict[str, type[BaseModel]] = {
    "components": Component,
    "health": Health,
    "resources": Resources,
    "secrets": Secret,
}
_SHOWN = 5
_WORDS = {
    "bool_type": "it has to be true or false",
    "dict_type": "it has to be a table of keys and values",
    "int_type": "it has to be a whole number",
    "float_type": "it has to be a number",
    "model_type": "it has to be a table of keys and values",
    "string_type": "it has to be text in quotes",
    "tuple_type": "it has to be a list in brackets",
    "too_short": "it has to have at least one entry",
}


def find_problems(data: object) -> Service | list[tuple[KeyPath, str]]:
    """Return the service that the data defines, or each mistake with its place."""
    try:
        return Service.model_validate(data)
    except ValidationError as error:
        return describe_errors(error, Service, _MODELS)


def describe_errors(
    error: ValidationError, model: type[BaseModel], nested: Mapping[str, type[BaseModel]]
) -> list[tuple[KeyPath, str]]:
    """Return each mistake with its place.

    Args:
        error: of pydantic.
        model: of the whole data.
        nested: the model of what is below a key.
    """
    found: list[tuple[KeyPath, str]] = []
    for detail in error.errors(include_url=False):
        path: KeyPath = tuple(part for part in detail["loc"] if part != "[key]")
        key, kind = path[-1] if path else "", detail["type"]
        if kind == "missing":
            found.append((path[:-1], f"the key {key!r} is missing"))
        elif kind == "extra_forbidden":
            inner = (nested[part] for part in reversed(path[:-1]) if isinstance(part, str) and part in nested)
            found.append((path, f"unknown key {key!r}. {suggest(str(key), next(inner, model).model_fields)}"))
        elif kind == "value_error":
            cause = detail["ctx"]["error"]
            found.append(((*path, *getattr(cause, "place", ())), str(cause)))
        else:
            found.append((path, _WORDS.get(kind, detail["msg"][:1].lower() + detail["msg"][1:])))
    return found


def make_service(data: object) -> Service:
    """Return the service that the data defines.

    Raises:
        InvalidInput: the data breaks a rule; the message has the first mistakes with their places.
    """
    found = find_problems(data)
    if isinstance(found, Service):
        return found
    shown = "; ".join(f"{name_place(path)}: {text}" if path else text for path, text in found[:_SHOWN])
    more = f"; {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise InvalidInput(f"The service definition cannot be used. {shown}{more}", next_step="Correct the definition")


def name_place(path: KeyPath) -> str:
    """Return a place as people write it: `components[1].ports[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
