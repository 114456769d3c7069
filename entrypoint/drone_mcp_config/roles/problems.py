"""pydantic's errors about a role file, as messages for the person who wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ci_mcp_kit.guard.spec import AUDIT_PATTERN, RATE_PATTERN
from ci_mcp_kit.suggesting import suggest
from drone_mcp_config.roles import model
from drone_mcp_config.secret_recognition import looks_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

    from drone_mcp_config.errors import Problem
    from drone_mcp_config.roles.role_source import KeyPath, Source

_PATTERNS = {
    model.NAME: "a name of small letters, digits and '-', starting with a letter",
    model.SERVER_NAME: "a server name: letters, digits and '-', at most 20, starting with a letter",
    model.VARIABLE: "the name of an environment variable: letters, digits and '_'",
    model.GLOB: "a repository as owner/name, with * as wildcard",
    model.IMAGE: "a container image reference: letters, digits and . _ / : @ -",
    model.HEADER: "the name of an HTTP header",
    model.ADDRESS: "http:// or https:// and an address",
    # Also of guards, whose manifests hold the patterns only.
    model.SCOPE: "a name with * as wildcard, and ! before it to take it away",
    RATE_PATTERN: "a number for each minute, hour or day, like 10/h",
    AUDIT_PATTERN: "an absolute path, stderr, or an http:// or https:// address without a user",
}
_KINDS = {
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping (name: value)",
    "model_type": "a mapping (name: value)",
}


def explain(error: ValidationError, source: Source) -> list[Problem]:
    """Turn pydantic's errors about a whole role file into problems with lines."""
    return [_problem(detail, source, (), _keys) for detail in error.errors(include_url=False)]


def explain_guard(error: ValidationError, source: Source, server: str, keys: Iterable[str]) -> list[Problem]:
    """Turn pydantic's errors about the guard of a server, which has these keys, into problems with lines."""
    at = ("servers", server, "guard")
    return [_problem(detail, source, at, lambda _: keys) for detail in error.errors(include_url=False)]


def _problem(detail: ErrorDetails, source: Source, at: KeyPath, keys: Callable[[KeyPath], Iterable[str]]) -> Problem:
    # pydantic adds this part where the key of a mapping is wrong, and not its value.
    path = at + tuple(part for part in detail["loc"] if part != "[key]")
    *parent, last = path or ("",)
    match detail["type"]:
        case "extra_forbidden":
            hint = suggest(str(last), keys(tuple(parent)), "It has")
            message = f"{last!r} is not a key of {_name(tuple(parent))}. {hint}"
        case "missing":
            message = f"{_name(tuple(parent))} has no {last!r}"
        case kind:
            names = [str(part) if isinstance(part, str) else f"item {part + 1}" for part in path]
            where = f"{' > '.join(names)}: " if names else ""
            message = f"{where}{_complaint(kind, detail)}"
    return source.problem(path, message)


def _complaint(kind: str, detail: ErrorDetails) -> str:
    context: dict[str, Any] = detail.get("ctx", {})
    value = detail["input"]
    if kind == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    if kind in _KINDS:
        hint = ""
        if value is None and kind == "model_type":
            hint = "; write {} to take it as it is"
        elif isinstance(value, (bool, int)) and kind == "string_type":
            hint = "; put it in quotes"
        return f"{_found(value)} where {_KINDS[kind]} belongs{hint}"
    if kind == "literal_error":
        return f"{_found(value)}, but it takes {context['expected']}"
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        return f"{_found(value)}, but it takes {_PATTERNS.get(pattern, f'text like {pattern}')}"
    if "min_length" in context:
        return "it is empty; leave the key out instead"
    return f"it is too long (at most {context['max_length']})" if "max_length" in context else detail["msg"]


def _found(value: object) -> str:
    """Name a value; one that may be a secret or does not fit a line is not repeated."""
    if value is None:
        return "found nothing"
    if isinstance(value, (dict, list)):
        return "found a mapping" if isinstance(value, dict) else "found a list"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    fits = len(text) <= 40  # noqa: PLR2004 - what fits a line
    return f"found {text!r}" if fits and not looks_secret(text) else "found another text"


def _name(path: KeyPath) -> str:
    match path:
        case ():
            return "a role"
        case ("servers", str() as name):
            return f"the server {name!r}"
        case ("servers", str() as name, "guard"):
            return f"the guard of the server {name!r}"
        case ("external", str() as name):
            return f"the external server {name!r}"
        case _:
            return repr(".".join(str(part) for part in path))


def _keys(path: KeyPath) -> list[str]:
    found: type[BaseModel]
    match path:
        case ("servers", _):
            found = model.ServerEntry
        case ("external", _):
            found = model.External
        case ("agent",):
            found = model.Agent
        case _:
            found = model.RoleFile
    return list(found.model_fields)
