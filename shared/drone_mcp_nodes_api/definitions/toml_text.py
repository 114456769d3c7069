"""The TOML text of a service definition: of a new one, and of a changed one with the comments of the old text. Pure."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import tomlkit
import tomlkit.exceptions

from drone_mcp_nodes_api.definitions.problems import find_problems

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tomlkit.items import AoT

    from drone_mcp_nodes_api.definitions.model import Service

_MILLISECONDS = (("h", 3_600_000), ("m", 60_000))


def write_text(service: Service) -> str:
    """Return the text of a new file; what has its default is left out."""
    data = _make_plain(service)
    document = tomlkit.document()
    document.update({key: data[key] for key in ("name", "node", "active") if key in data})
    document.add(tomlkit.nl())
    document["components"] = _make_array(map(_make_table, data["components"]))
    if "labels" in data:
        document["labels"] = data["labels"]
    return tomlkit.dumps(document)


def change_text(text: str, before: Service, after: Service) -> str:
    """Return the text of a file whose definition changes; all lines that need not change are as they were.

    Raises:
        ValueError: tomlkit cannot change a text of this style.
    """
    try:
        document = tomlkit.parse(text)
        _change_table(document, _make_plain(before, whole=True), _make_plain(after, whole=True), _make_plain(after))
        changed = tomlkit.dumps(document)
        if find_problems(tomllib.loads(changed)) == after:
            return changed
    except (tomlkit.exceptions.TOMLKitError, LookupError, TypeError, ValueError):
        pass
    raise ValueError("this style of TOML cannot be changed by a program without loss; change the file by hand")


def format_duration(seconds: float) -> str:
    """Return seconds as a definition has them, such as `1m30s`."""
    left = round(seconds * 1000)
    parts = []
    for unit, length in _MILLISECONDS:
        if left >= length:
            parts.append(f"{left // length}{unit}")
            left %= length
    if left % 1000:
        parts.append(f"{left / 1000:.3f}".rstrip("0") + "s")
    elif left or not parts:
        parts.append(f"{left // 1000}s")
    return "".join(parts)


def _make_plain(service: Service, *, whole: bool = False) -> dict[str, Any]:
    """Return a definition as a file has it: durations as text, secrets by name, all defaults if it is `whole`."""
    data = service.model_dump(mode="json", exclude_defaults=not whole, exclude_none=True)
    for component in data["components"]:
        if "stop_timeout" in component:
            component["stop_timeout"] = format_duration(component["stop_timeout"])
        if "secrets" in component:
            component["secrets"] = [one if one.get("file") else one["name"] for one in component["secrets"]]
        health = component.get("health", {})
        health |= {
            key: format_duration(health[key]) for key in ("interval", "timeout", "start_period") if key in health
        }
    return data


def _make_array(tables: Iterable[Any]) -> AoT:
    array = tomlkit.aot()
    for table in tables:
        array.append(table)
    return array


def _make_table(component: dict[str, Any]) -> Any:
    table = tomlkit.table()
    table.update({key: _make_value(value) for key, value in component.items()})
    return table


def _make_value(value: Any) -> Any:
    """Return an item of tomlkit; a table within a component is on one line."""
    if not isinstance(value, dict):
        return value
    inline = tomlkit.inline_table()
    inline.update(value)
    return inline


def _change_table(table: Any, before: dict[str, Any], after: dict[str, Any], short: dict[str, Any]) -> None:
    """Make a table hold what is wanted, line by line.

    Args:
        table: of the file; it may leave out what has its default.
        before: what the table means, with all defaults.
        after: what it is to mean, with all defaults.
        short: the same without defaults.
    """
    for key in before.keys() - after.keys():
        del table[key]
    for key, value in after.items():
        old = before.get(key)
        if value == old:
            continue
        if key == "components":
            _change_components(table, before[key], value, short[key])
        elif value in ("", [], {}) or (isinstance(value, dict) and key not in short):  # all of it is default
            del table[key]
        elif isinstance(value, dict) and key in table:
            _change_table(table[key], old or {}, value, short[key])
        else:
            table[key] = _make_value(short.get(key, value))


def _change_components(
    document: Any, before: list[dict[str, Any]], after: list[dict[str, Any]], short: list[dict[str, Any]]
) -> None:
    """Change components in place; where some come or go, keep the text of those that stay."""
    tables = {component["name"]: table for component, table in zip(before, document["components"], strict=True)}
    old = {component["name"]: component for component in before}
    for component, brief in zip(after, short, strict=True):
        name = component["name"]
        if name in old:
            _change_table(tables[name], old[name], component, brief)
        else:
            tables[name] = _make_table(brief)
    names = [component["name"] for component in after]
    if names != [*old]:
        document["components"] = _make_array(tables[name] for name in names)
