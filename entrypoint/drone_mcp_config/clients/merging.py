"""Which entries of a client's file are ours, and what becomes of each. Pure, over plain data of any format.

An entry is ours when both its name and its command are: a user's own server that happens to be called `drone-x` stays
theirs. Ours that the role no longer names go; everything else stays, in its place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from drone_mcp_config.errors import NotWritten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_config.clients.entries import Entry

OUR_NAME = "drone-"
_OUR_SCRIPT = re.compile(r"drone-mcp-[a-z0-9-]+(?:\.exe)?")
_OUR_MODULE = re.compile(r"drone_mcp_[a-z0-9_]+")
_ADDRESSES = ("url", "httpUrl", "serverUrl", "uri")


def merge_servers(existing: Mapping[str, Any], wanted: Mapping[str, Entry]) -> dict[str, Any]:
    """Return the servers that a file has afterwards.

    Raises:
        NotWritten: when a wanted name is taken by a server that is not ours.
    """
    result: dict[str, Any] = {}
    for name, entry in existing.items():
        if name in wanted:
            _check_replaceable(name, entry, wanted[name])
            result[name] = wanted[name]
        elif not is_ours(name, entry):
            result[name] = entry
    return result | {name: entry for name, entry in wanted.items() if name not in result}


def is_ours(name: str, entry: object) -> bool:
    """Tell whether an entry starts one of drone-mcp's servers, as this command writes it."""
    if not name.startswith(OUR_NAME):
        return False
    match _argv(entry):
        case [program]:
            return bool(_OUR_SCRIPT.fullmatch(_basename(program)))
        case [_, "-m", module] | [_, "-P", "-m", module]:
            return bool(_OUR_MODULE.fullmatch(module))
        case _:
            return False


def _check_replaceable(name: str, entry: object, wanted: Entry) -> None:
    same_program = is_ours(name, entry) if is_ours(name, wanted) else _target(entry) == _target(wanted)
    if not same_program and entry != wanted:
        raise NotWritten(
            f"It has a server {name!r} already, which drone-mcp-config did not write. "
            "Rename or remove that entry, then run this again."
        )


def _argv(entry: object) -> list[str]:
    if not isinstance(entry, dict):
        return []
    command = entry.get("command") or entry.get("cmd") or []
    words = command if isinstance(command, list) else [command, *(entry.get("args") or [])]
    return [word for word in words if isinstance(word, str)]


def _target(entry: object) -> str | None:
    """Say what an external server is by the program or address behind it; its arguments may change."""
    argv = _argv(entry)
    if argv:
        return _basename(argv[0])
    return next((entry[key] for key in _ADDRESSES if key in entry), None) if isinstance(entry, dict) else None


def _basename(program: str) -> str:
    return re.split(r"[/\\]", program)[-1]
