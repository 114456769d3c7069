"""Adds nodes to the configuration file and removes them; comments and layout stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomlkit
from pydantic import ValidationError

from ci_mcp_kit.errors import Conflict, InvalidInput, NotFound
from ci_mcp_kit.suggesting import suggest
from drone_mcp_nodes_api.definitions.files import replace_file
from drone_mcp_nodes_api.definitions.problems import describe_errors, name_place
from drone_mcp_nodes_api.definitions.toml_source import read_source
from drone_nodes.configuration.loading import load_configuration
from drone_nodes.configuration.model import NodeEntry

if TYPE_CHECKING:
    from pathlib import Path


def add_node(path: Path, entry: dict[str, str]) -> None:
    """Add a node to the file, which is made if it is not there.

    Raises:
        InvalidInput: the entry or the file breaks a rule.
        Conflict: there is a node of this name.
    """
    entry = {key: value for key, value in entry.items() if value}
    try:
        NodeEntry.model_validate(entry)
    except ValidationError as error:
        place, text = describe_errors(error, NodeEntry, {})[0]
        raise InvalidInput(f"{name_place(place)}: {text}") from None
    if entry["name"] in load_configuration(path, {}).endpoints:
        raise Conflict(
            f"{path} has a node {entry['name']!r} already", next_step="Remove it first, or take another name"
        )
    document: Any = tomlkit.parse(read_source(path).text if path.exists() else "")
    table = tomlkit.table()
    table.update(entry)
    document.setdefault("nodes", tomlkit.aot()).append(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, tomlkit.dumps(document))
    load_configuration(path, {})  # fails rather than leave a broken file unnoticed


def remove_node(path: Path, name: str) -> None:
    """Remove a node from the file.

    Raises:
        InvalidInput: the file breaks a rule.
        NotFound: there is no node of this name.
    """
    names = [*load_configuration(path, {}).endpoints]
    if name not in names:
        raise NotFound(f"{path} has no node {name!r}", next_step=suggest(name, names, "Its nodes are"))
    document: Any = tomlkit.parse(read_source(path).text)
    del document["nodes"][names.index(name)]
    replace_file(path, tomlkit.dumps(document))
