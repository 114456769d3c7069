"""The text of a client's configuration file: what it holds, with a role's servers put in. No I/O.

Nothing of the user's is ever lost: a file that cannot be read is refused, a file whose comments a rewrite would drop is
refused with the fragment to paste, and a file that says the right thing already is returned as it came.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

import tomlkit
import tomlkit.exceptions
import yaml

from drone_mcp_config.errors import Refused
from drone_mcp_config.merging import combine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_config.clients import ClientFormat, Entry


COMMENTS = "It has comments, which rewriting it would lose."
STYLE = "It is written in a way that cannot be changed safely."


class ByHand(Refused):
    """Only its owner can change this file without a loss; `fragment` is what belongs into it."""

    def __init__(self, why: str, fragment: str) -> None:
        super().__init__(
            f"{why} Put the part above into it by hand: these servers, and no other whose name starts with 'drone-'."
        )
        self.fragment = fragment


def fresh(client: ClientFormat, entries: Mapping[str, Entry], beside: Mapping[str, Any] | None = None) -> str:
    """Write a file that has a role's servers and nothing else but the settings `beside` them."""
    data = {client.root: dict(entries), **(beside or {})}
    match client.syntax:
        case "toml":
            return tomlkit.dumps(data)
        case "yaml":
            return _dump_yaml(data)
        case "json":
            return _dump_json(data)


def updated(text: str, client: ClientFormat, entries: Mapping[str, Entry]) -> str:
    """Put a role's servers into a file's text.

    Raises:
        Refused: when the text cannot be understood whole, or a server in it is in the way.
    """
    if not text.strip():
        return fresh(client, entries)
    match client.syntax:
        case "toml":
            return _updated_toml(text, client, entries)
        case "yaml":
            return _updated_yaml(text, client, entries)
        case "json":
            return _updated_json(text, client, entries)


def _updated_json(text: str, client: ClientFormat, entries: Mapping[str, Entry]) -> str:
    bare = _without_comments(text)
    data = _load_json(text if bare == text else bare)
    changed = _with_servers(data, client.root, entries)
    if changed == data:
        return text
    if bare != text:
        raise ByHand(COMMENTS, fresh(client, entries))
    return _like(text, _dump_json(changed))


def _updated_toml(text: str, client: ClientFormat, entries: Mapping[str, Entry]) -> str:
    try:
        document = tomlkit.parse(text)
    except (tomlkit.exceptions.TOMLKitError, RecursionError) as error:
        raise _unreadable("TOML", str(error)) from error
    data = document.unwrap()
    wanted = _with_servers(data, client.root, entries)
    if wanted == data:
        return text
    try:
        _change_toml(document, client.root, data.get(client.root, {}), wanted[client.root])
        changed = tomlkit.dumps(document)
        whole = tomllib.loads(changed) == wanted
    except (tomlkit.exceptions.TOMLKitError, ValueError, KeyError):  # tomlkit cannot change every style of TOML
        raise ByHand(STYLE, fresh(client, entries)) from None
    if not whole:
        raise ByHand(STYLE, fresh(client, entries))
    return changed


def _change_toml(document: tomlkit.TOMLDocument, root: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    table = document.setdefault(root, tomlkit.table(is_super_table=True))
    for name in before:
        if name not in after:
            del table[name]
    for name, entry in after.items():
        if before.get(name) != entry:
            table[name] = tomlkit.item(entry)


def _updated_yaml(text: str, client: ClientFormat, entries: Mapping[str, Entry]) -> str:
    try:
        _refuse_doubled_keys(yaml.compose(text, Loader=yaml.SafeLoader))
        data = yaml.safe_load(text) or {}
        commented = _has_yaml_comment(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise _unreadable("YAML", str(error).splitlines()[0]) from error
    changed = _with_servers(data, client.root, entries)
    if changed == data:
        return text
    if commented:
        raise ByHand(COMMENTS, fresh(client, entries))
    return _like(text, _dump_yaml(changed))


def _with_servers(data: object, root: str, entries: Mapping[str, Entry]) -> dict[str, Any]:
    servers = _servers(data, root)
    assert isinstance(data, dict)  # noqa: S101 - for the type checker; _servers has just refused anything else
    return {**data, root: combine(servers, entries)}


def _servers(data: object, root: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise Refused("It holds something else than a client's settings (a mapping was expected).")
    servers = data.get(root)
    if servers is None:
        return {}
    if not isinstance(servers, dict):
        raise Refused(f"Its {root!r} is not a mapping of servers.")
    return servers


def _load_json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        raise _unreadable("JSON", str(error)) from error


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} is there twice")
        found[key] = value
    return found


def _unreadable(kind: str, why: str) -> Refused:
    return Refused(f"It cannot be read as {kind} ({why}). Mend it, or move it away and run this again.")


_JSON_PIECE = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)


def _without_comments(text: str) -> str:
    """Blank out what JSON with comments has beyond JSON: comments and commas before a closing bracket."""
    return _JSON_PIECE.sub(lambda match: match[0] if match[0].startswith('"') else _blank(match[0]), text)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _has_yaml_comment(text: str) -> bool:
    """Look for a `#` outside every token."""
    end = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if "#" in text[end : token.start_mark.index]:
            return True
        end = max(end, token.end_mark.index)
    return "#" in text[end:]


def _refuse_doubled_keys(node: yaml.Node | None) -> None:
    """PyYAML keeps the last of two equal keys and says nothing; writing that back would lose the first."""
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise _unreadable("YAML", f"the key {twice!r} is there twice")
    if isinstance(node, yaml.CollectionNode):
        for item in node.value:
            for child in item if isinstance(item, tuple) else (item,):
                _refuse_doubled_keys(child)


def _dump_json(data: object) -> str:
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can hold
        return json.dumps(data, indent=2) + "\n"
    return text


def _dump_yaml(data: object) -> str:
    dumped: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
    return dumped


def _like(before: str, after: str) -> str:
    """Keep the file's own line ends."""
    return after.replace("\n", "\r\n") if "\r\n" in before else after
