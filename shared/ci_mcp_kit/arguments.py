"""Reads the arguments of a tool by a model of its signature: lenient about values, strict about names.

Values: a language model often sends `"12"` for 12, `"[1, 2]"` for a list and null for an argument that it leaves out.
Names: an argument that the tool does not have is refused, as a misspelt filter would silently widen a search.
"""

from __future__ import annotations

import contextlib
import difflib
import inspect
import json
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, ValidationError, create_model

from ci_mcp_kit.cleaning import one_line
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.sdk import ArgModelBase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Arguments(ArgModelBase):
    """The base of every tool's argument model."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


def arguments_model(function: Callable[..., Any], skip: str | None) -> type[Arguments]:
    """Return a model of the parameters of `function` without the parameter `skip`.

    Raises:
        TypeError: a parameter has no annotation, or takes any number of values.
    """
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        if parameter.name == skip:
            continue
        if parameter.annotation is parameter.empty or parameter.kind in {
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        }:
            raise TypeError(f"{function.__name__}: parameter {parameter.name} needs a name and a type of its own")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (parameter.annotation, default)
    return create_model(f"{function.__name__}_arguments", __base__=Arguments, **fields)


def read_arguments(
    tool: str, model: type[Arguments], schema: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values to call the tool's function with, by name.

    Raises:
        InvalidInput: arguments are wrong; it names each problem and repeats no value.
    """
    known = schema.get("properties", {})
    unknown = [name for name in given if name not in known]
    if not unknown:
        try:
            return model.model_validate(_lenient(given, schema)).model_dump_one_level()
        except ValidationError as error:
            problems = {".".join(str(part) for part in item["loc"]): _reason(item) for item in error.errors()}
    else:
        # Five of them, each cut: whatever a caller sends, the error stays short.
        problems = {one_line(name, 40): _unknown(name, known) for name in unknown[:5]}
    listed = "; ".join(f"{name}: {reason}" for name, reason in problems.items())
    raise InvalidInput(
        f"{tool} cannot take these arguments: {listed}",
        next_step=f"Call again with {_takes(schema)}",
        details={"arguments": problems},
    )


def _lenient(given: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Drop null for optional arguments, and decode lists and objects that came as JSON text."""
    required = schema.get("required", ())
    values = {name: value for name, value in given.items() if value is not None or name in required}
    for name, value in values.items():
        if isinstance(value, str) and schema["properties"][name].get("type") in {"array", "object"}:
            with contextlib.suppress(ValueError, RecursionError):
                values[name] = json.loads(value)
    return values


def _reason(item: Any) -> str:
    if item["type"] == "missing":
        return "is missing"
    return str(item["msg"]).removeprefix("Value error, ").replace("Input should", "should")


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    # Cut, because difflib takes quadratic time (https://docs.python.org/3/library/difflib.html).
    close = difflib.get_close_matches(name[:80], known, n=1, cutoff=0.6)
    return f"no such argument, did you mean {close[0]}?" if close else "no such argument"


def _takes(schema: Mapping[str, Any]) -> str:
    names = schema.get("properties", {})
    if not names:
        return "no arguments"
    required = schema.get("required", ())
    return "arguments of these: " + ", ".join(name + (" (required)" if name in required else "") for name in names)
