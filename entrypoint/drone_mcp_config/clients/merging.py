"""Decides which entries of a client's file are ours, and replaces those. Pure, over plain data of any format.

An entry is ours when both its name and its program are. A user's own server that is only called like one of ours stays
theirs, and so does one that runs a program of ours under a name of the user's. Entries of ours that the role no longer
names are removed; everything else stays, in its place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from drone_mcp_config.errors import NotWritten
from drone_mcp_config.plan.model import CALLER_TOKEN

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from drone_mcp_config.clients.entries import Entry
    from drone_mcp_config.installation.server_manifest import Manifest

_ADDRESSES = ("url", "httpUrl", "serverUrl", "uri")
_SERVED = re.compile(r"/([a-z][a-z0-9-]{0,31})/mcp\Z")  # as `drone-mcp-config serve` routes


def merge_servers(
    existing: Mapping[str, Any], wanted: Mapping[str, Entry], installed: Collection[Manifest]
) -> dict[str, Any]:
    """Return the servers that a file has afterwards.

    Raises:
        NotWritten: when a wanted name is taken by a server that is not ours.
    """
    result: dict[str, Any] = {}
    for name, entry in existing.items():
        if name in wanted:
            new = wanted[name]
            is_new_ours = is_ours(name, new, installed)
            is_same = is_ours(name, entry, installed) if is_new_ours else has_same_target(entry, new)
            if not is_same and entry != new:
                raise NotWritten(
                    f"It has a server {name!r} already, with another program or address than the role's. "
                    "Rename or remove that entry, then run this again."
                )
            result[name] = new
        elif not is_ours(name, entry, installed):
            result[name] = entry
    return result | {name: entry for name, entry in wanted.items() if name not in result}


def is_ours(name: str, entry: object, installed: Collection[Manifest]) -> bool:
    """Return whether an entry starts or reaches a server of drone-mcp as this command writes it, under its own name.

    The interpreter may be another one. A server that is not installed any more is recognised by the rule that all our
    packages keep, by which `jenkins-builds` is the module `jenkins_mcp_builds`. That rule alone would also fit servers
    of others: hence `-P`, which hardly anyone else writes, and for a console script the name of the distribution. An
    entry of a served role is known by its address and by the token that it refers to.
    """
    system, _, part = name.partition("-")
    by_rule = "_".join([system, "mcp", *part.split("-")] if part else [system, "mcp"])
    argv = _argv(entry)
    if argv[1:2] == ["--from"] and _basename(argv[0]).removesuffix(".exe") == "uvx":
        argv = argv[3:]  # whatever it is installed from
    match argv:
        case [program]:
            script = _basename(program).removesuffix(".exe")
            is_known = any((name, script) == (one.server, one.command) for one in installed)
            return is_known or script in {f"drone-mcp-{name}", f"drone-mcp-{name.removeprefix('drone-')}"}
        case [_, "-P", "-m", module]:
            is_known = any((name, module) == (one.server, one.module) for one in installed)
            return is_known or module == by_rule
        case [_, "-m", module]:  # as releases wrote it that had servers for Drone alone
            return module.startswith("drone_mcp_") and module == by_rule
        case []:
            served = _SERVED.search(_address(entry) or "")
            if served is None or CALLER_TOKEN not in str(entry):
                return False
            # The server drone-builds is served at /builds/mcp.
            return f"-{name}".endswith(f"-{served[1]}") or any(name == one.server for one in installed)
        case _:
            return False


def _argv(entry: object) -> list[str]:
    """Return the words of an entry's command; clients differ in where they keep them."""
    if not isinstance(entry, dict):
        return []
    command = entry.get("command") or entry.get("cmd") or []
    args = entry.get("args")
    words = command if isinstance(command, list) else [command, *(args if isinstance(args, list) else [])]
    return [word for word in words if isinstance(word, str)]


def has_same_target(entry: object, other: object) -> bool:
    """Return whether two entries start the same program or reach the same address; arguments may differ."""
    return _target(entry) == _target(other)


def _target(entry: object) -> str | None:
    argv = _argv(entry)
    return _basename(argv[0]) if argv else _address(entry)


def _address(entry: object) -> str | None:
    """Return the address of an entry; clients differ in what they call it."""
    found = (entry[key] for key in _ADDRESSES if key in entry) if isinstance(entry, dict) else ()
    return next((address for address in found if isinstance(address, str)), None)


def _basename(program: str) -> str:
    return re.split(r"[/\\]", program)[-1]
