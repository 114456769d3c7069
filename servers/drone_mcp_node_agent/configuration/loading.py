"""Reads the configuration: the file, and variables `MCP_AGENT_…` that take the place of its values."""

from __future__ import annotations

import tomllib
import types
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ci_mcp_kit.suggesting import find_nearest, suggest
from drone_mcp_node_agent.configuration.model import Configuration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PREFIX: Final = "MCP_AGENT_"
LARGEST: Final = 1024 * 1024  # bytes; a larger file is not a configuration


class ConfigurationError(Exception):
    """The configuration cannot be used; its text has a line for each mistake."""


def load_configuration(path: Path, environment: Mapping[str, str]) -> Configuration:
    """Return the configuration of a file with the variables of `environment`.

    Raises:
        ConfigurationError: a file cannot be read, or a value is missing or wrong.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationError(f"{path}: the file is larger than {LARGEST} bytes. Name the configuration file.")
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}. Name the configuration file with --config.") from None
    except ValueError as error:  # of TOML or of UTF-8; the text of the former names the line
        raise ConfigurationError(f"{path}: {error}") from None
    _override(values, environment)
    try:
        return Configuration.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError("\n".join(f"{path}: {mistake}" for mistake in _describe(error))) from None


def variables() -> dict[str, tuple[str, ...]]:
    """Return the variables that replace values, and the key of each."""
    return {PREFIX + "_".join(key).upper(): key for key in _keys(Configuration)}


def _keys(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        section = _section(field.annotation)
        if section is None:
            yield (*above, name)
        else:
            yield from _keys(section, (*above, name))


def _section(annotation: Any) -> type[BaseModel] | None:
    """Return the model that an annotation names, also where it may be None."""
    options = get_args(annotation) if get_origin(annotation) in {Union, types.UnionType} else (annotation,)
    return next((kind for kind in options if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _override(values: dict[str, Any], environment: Mapping[str, str]) -> None:
    known = variables()
    for variable in sorted(name for name in environment if name.startswith(PREFIX)):
        if variable not in known:
            near = find_nearest(variable, known)
            raise ConfigurationError(f"{variable}: no such setting. {f'Did you mean {near}?' if near else ''}".strip())
        *sections, last = known[variable]
        table = values
        for section in sections:
            table = table.setdefault(section, {})
            if not isinstance(table, dict):
                raise ConfigurationError(f"{variable}: {section} is not a table in the file. Write [{section}].")
        table[last] = _value(variable, environment[variable])


def _value(variable: str, text: str) -> Any:
    """Return a list where the text is one in TOML, such as ["a", "b"]; otherwise the text, which the model converts."""
    if not (text.startswith("[") and text.endswith("]")):  # [::]:7443 is an address
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f'{variable}: {error}. Write a list such as ["a", "b"].') from None


def _describe(error: ValidationError) -> Iterator[str]:
    for mistake in error.errors():
        path = tuple(str(part) for part in mistake["loc"])
        key = ".".join(path)
        if mistake["type"] == "missing":
            yield f"{key} is missing. Set it there, or in {PREFIX}{'_'.join(path).upper()}."
        elif mistake["type"] == "extra_forbidden":
            model: type[BaseModel] = Configuration
            for name in path[:-1]:
                model = _section(model.model_fields[name].annotation) or model
            yield f"{key} is not a known key. {suggest(path[-1], model.model_fields)}"
        else:
            yield f"{key}: {mistake['msg'].removeprefix('Value error, ')}"
