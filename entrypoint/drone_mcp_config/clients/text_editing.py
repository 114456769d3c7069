"""Puts a role's servers into the text of a client's configuration file. Pure.

Nothing of the user's is ever lost: the text outside our servers stays as it is written. A file that cannot be parsed is
refused, one that cannot be changed in this way is refused with the fragment to paste, and one that is up to date is
returned as it is.
"""

from __future__ import annotations

import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import tomlkit
import tomlkit.exceptions
import tomlkit.items
import yaml

from ci_mcp_kit.yaml_source import YAML_ERRORS
from drone_mcp_config.clients import jsonc, yaml_mappings
from drone_mcp_config.clients.merging import merge_servers
from drone_mcp_config.clients.toml_table_removal import comments, remove_tables
from drone_mcp_config.errors import NotWritten

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from drone_mcp_config.clients.entries import Entry
    from drone_mcp_config.clients.formats import ClientFormat
    from drone_mcp_config.installation.server_manifest import Manifest


BYTE_ORDER_MARK = "\ufeff"


class EditByHand(NotWritten):
    """This file cannot be changed without a loss; `fragment` is for the user to paste."""

    def __init__(self, fragment: str) -> None:
        super().__init__(
            "It is written in a way that cannot be changed safely. Put the part above into it by hand: these servers, "
            "and no others of drone-mcp."
        )
        self.fragment = fragment


def new_text(client: ClientFormat, entries: Mapping[str, Entry], settings: Mapping[str, Any] | None = None) -> str:
    """Return the text of a file with a role's servers and, at its top level, these settings."""
    data = {client.root: dict(entries), **(settings or {})}
    match client.syntax:
        case "toml":
            return tomlkit.dumps(data)
        case "yaml":
            return yaml_mappings.dump(data)
        case "json":
            return jsonc.dump(data) + "\n"


def updated_text(text: str, client: ClientFormat, entries: Mapping[str, Entry], installed: Collection[Manifest]) -> str:
    """Return the text of a file with a role's servers put in.

    Raises:
        NotWritten: when the text cannot be parsed, or a server of the user's has the name of one of ours.
    """
    if text.startswith(BYTE_ORDER_MARK):  # as programs on Windows write it
        return BYTE_ORDER_MARK + updated_text(text.removeprefix(BYTE_ORDER_MARK), client, entries, installed)
    if not text.strip():
        return new_text(client, entries)
    match client.syntax:
        case "toml":
            return _updated_toml(text, client, entries, installed)
        case "yaml":
            return _updated_yaml(text, client, entries, installed)
        case "json":
            return _updated_json(text, client, entries, installed)


def read_servers(text: str, client: ClientFormat) -> dict[str, Any]:
    """Return the servers in the text of a client's file.

    Raises:
        NotWritten: when it cannot be parsed.
    """
    text = text.removeprefix(BYTE_ORDER_MARK)
    read = {"json": _read_json, "toml": _read_toml, "yaml": _read_yaml}[client.syntax]
    return _servers(read(text), client.root) if text.strip() else {}


def _updated_json(
    text: str, client: ClientFormat, entries: Mapping[str, Entry], installed: Collection[Manifest]
) -> str:
    data = _read_json(text)
    wanted = _with_servers(data, client.root, entries, installed)
    return text if wanted == data else jsonc.change(text, client.root, wanted[client.root])


def _read_json(text: str) -> Any:
    try:
        return jsonc.load(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable("JSON", str(error)) from error


def _updated_toml(
    text: str, client: ClientFormat, entries: Mapping[str, Entry], installed: Collection[Manifest]
) -> str:
    data = _read_toml(text)
    wanted = _with_servers(data, client.root, entries, installed)
    if wanted == {client.root: {}, **data}:
        return text
    before, after = data.get(client.root, {}), wanted[client.root]
    changing = {name for name, entry in before.items() if after.get(name) != entry}
    try:
        # tomlkit keeps the layout; tomllib gives plain data, with which its result can be checked.
        document = tomlkit.parse(remove_tables(text, client.root, before.keys() - after.keys()))
        _change_table(document.setdefault(client.root, tomlkit.table(is_super_table=True)), after)
        changed = _with_line_ends_of(text, tomlkit.dumps(document))
        # A table without content needs no line.
        whole = {client.root: {}, **tomllib.loads(changed)} == wanted
        whole = whole and comments(remove_tables(text, client.root, changing)) <= comments(changed)
    except (tomlkit.exceptions.TOMLKitError, ValueError, KeyError):  # tomlkit cannot change every style of TOML
        raise EditByHand(new_text(client, entries)) from None
    if not whole:
        raise EditByHand(new_text(client, entries))
    return changed if changed.strip() else new_text(client, entries)


def _read_toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable("TOML", str(error)) from error


def _change_table(table: Any, wanted: Mapping[str, Any]) -> None:
    """Make a table of tomlkit hold what is wanted; lines that stay as they are keep their comments."""
    for name in [name for name in table if name not in wanted]:
        del table[name]
    for name, value in wanted.items():
        if isinstance(table.get(name), tomlkit.items.Table) and isinstance(value, dict):
            _change_table(table[name], value)
        elif name not in table or table[name] != value:
            # The parent decides on the style: there are no headers within an inline table.
            table[name] = tomlkit.item(value, table if isinstance(table, tomlkit.items.InlineTable) else None)


def _updated_yaml(
    text: str, client: ClientFormat, entries: Mapping[str, Entry], installed: Collection[Manifest]
) -> str:
    data = _read_yaml(text)
    wanted = _with_servers(data, client.root, entries, installed)
    if wanted == data:
        return text
    changed = _with_line_ends_of(text, yaml_mappings.change(text, client.root, wanted[client.root]))
    with suppress(*YAML_ERRORS):
        if yaml.safe_load(changed) == wanted:
            return changed
    # In place did not work. Rewritten, a file without comments loses its layout only.
    if yaml_mappings.has_comment(text):
        raise EditByHand(new_text(client, entries))
    return _with_line_ends_of(text, yaml_mappings.dump(wanted))


def _read_yaml(text: str) -> Any:
    try:
        _refuse_doubled_keys(yaml.compose(text, Loader=yaml.SafeLoader))
        return yaml.safe_load(text) or {}
    except YAML_ERRORS as error:
        raise _unreadable("YAML", str(error).partition("\n")[0] or "a value of a wrong kind") from error


def _with_servers(
    data: object, root: str, entries: Mapping[str, Entry], installed: Collection[Manifest]
) -> dict[str, Any]:
    servers = _servers(data, root)
    assert isinstance(data, dict)  # noqa: S101 - for the type checker; _servers has just refused anything else
    return {**data, root: merge_servers(servers, entries, installed)}


def _servers(data: object, root: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise NotWritten("It holds something else than a client's settings (a mapping was expected).")
    servers = data.get(root)
    if servers is None:
        return {}
    if not isinstance(servers, dict):
        raise NotWritten(f"Its {root!r} is not a mapping of servers.")
    if not all(isinstance(name, str) for name in servers):
        raise NotWritten(f"Its {root!r} has a server whose name is no text.")
    return servers


def _unreadable(kind: str, why: str) -> NotWritten:
    return NotWritten(f"It cannot be read as {kind} ({why}). Fix it, or move it away and run this again.")


def _refuse_doubled_keys(node: yaml.Node | None) -> None:
    """Refuse equal keys: PyYAML keeps the last one silently, so that writing the file would lose the first."""
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise _unreadable("YAML", f"the key {twice!r} is there twice")
    if isinstance(node, yaml.CollectionNode):
        for item in node.value:
            for child in item if isinstance(item, tuple) else (item,):
                _refuse_doubled_keys(child)


def _with_line_ends_of(before: str, after: str) -> str:
    """Return `after` with the line ends of Windows where all lines of `before` have them."""
    is_windows = 0 < before.count("\n") == before.count("\r\n")
    return after.replace("\r\n", "\n").replace("\n", "\r\n") if is_windows else after
