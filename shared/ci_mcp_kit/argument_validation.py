"""Reads the arguments of a tool by a model of its signature, strictly.

A value of another JSON type is refused: `true` as the number of a build would be answered about build 1. So is an
argument that the tool does not have, as a misspelt filter would silently widen a search. A language model often sends
null for an argument that it leaves out; null counts as left out.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, ValidationError, create_model
from pydantic_core import PydanticSerializationError, to_json

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.sdk_internals import ArgModelBase

if TYPE_CHECKING:
    import inspect
    from collections.abc import Container, Mapping


class Arguments(ArgModelBase):
    """The base of every tool's argument model."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


def arguments_model(name: str, signature: inspect.Signature, skip: Container[str | None] = ()) -> type[Arguments]:
    """Return a model of the parameters of the function `name` without `self` and those that `skip` names.

    Raises:
        TypeError: a parameter has no annotation, or takes any number of values.
    """
    fields: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        if parameter.name == "self" or parameter.name in skip:
            continue
        if parameter.annotation is parameter.empty or parameter.kind in {
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        }:
            raise TypeError(f"{name}: parameter {parameter.name} needs a name and a type of its own")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (parameter.annotation, default)
    return create_model(f"{name}_arguments", __base__=Arguments, **fields)


def read_arguments(
    tool: str, model: type[Arguments], schema: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values to call the tool's function with, by name.

    Raises:
        InvalidInput: arguments are wrong; it names each problem and repeats no value.
    """
    required, known = schema.get("required", ()), schema.get("properties", {})
    if unknown := [name for name in given if name not in known]:
        # Five of them, each cut: whatever a caller sends, the error stays short.
        problems = {}
        for name in unknown[:5]:
            # Cut, because difflib takes quadratic time (https://docs.python.org/3/library/difflib.html).
            close = difflib.get_close_matches(name[:80], known, n=1, cutoff=0.6)
            problems[one_line(name, 40)] = "no such argument" + (f", did you mean {close[0]}?" if close else "")
        raise _refusal(tool, schema, problems)
    # An optional argument may be null. 1.0 is 1: to JSON Schema "integer" is any number with a zero fractional part
    # (2020-12, validation, section 6.1.1).
    values = {name: value for name, value in given.items() if value is not None or name in required}
    for name, value in values.items():
        if isinstance(value, float) and value.is_integer() and known[name].get("type") == "integer":
            values[name] = int(value)
    try:
        # As JSON, because a strict reader of Python values takes no list for a tuple.
        return model.model_validate_json(to_json(values, inf_nan_mode="constants"), strict=True).model_dump_one_level()
    except PydanticSerializationError:
        problems = {"text": "has half a surrogate pair, which is no character"}
    except ValidationError as error:
        problems = {".".join(str(part) for part in item["loc"]): _reason(item) for item in error.errors()}
    raise _refusal(tool, schema, problems)


def _refusal(tool: str, schema: Mapping[str, Any], problems: Mapping[str, str]) -> InvalidInput:
    names, required = schema.get("properties", {}), schema.get("required", ())
    taken = ", ".join(name + (" (required)" if name in required else "") for name in names)
    listed = "; ".join(f"{name}: {reason}" for name, reason in problems.items())
    return InvalidInput(
        f"{tool} cannot take these arguments: {listed}",
        next_step=f"Call again with {f'arguments of these: {taken}' if taken else 'no arguments'}",
        details={"arguments": problems},
    )


def read_texts(schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a resource or a prompt, which the protocol sends as text, with whole numbers as such."""
    kinds = {name: item.get("type") for name, item in schema.get("properties", {}).items()}
    return {
        name: int(value) if kinds.get(name) == "integer" and re.fullmatch("[0-9]{1,18}", str(value)) else value
        for name, value in given.items()
    }


def _reason(item: Any) -> str:
    if item["type"] == "missing":
        return "is missing"
    return str(item["msg"]).removeprefix("Value error, ").replace("Input should", "should")
