"""Reads who is served with which role, from the callers file of `drone-mcp-config serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.errors import ServiceFailed
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.yaml_source import InvalidFile, Kind, read_source
from drone_mcp_admin.reading.views import CallerItem, CallerList

if TYPE_CHECKING:
    from pathlib import Path

SHOWN_HASH: Final = 12  # hexadecimal digits: enough to tell tokens apart, and no use to anybody else
WIDTH: Final = 64  # characters of a name
MOST_ADDED: Final = 20  # servers in addition to those of a role, as many as the file may name
_KIND: Final = Kind(file="a file of callers", content="callers", start="callers:")


def read_callers(file: Path) -> CallerList:
    """Return the callers, by name.

    Raises:
        ServiceFailed: the file cannot be read.
    """
    try:
        data = read_source(file, _KIND).data
    except InvalidFile as error:
        # Without the error's text, which quotes the file.
        raise ServiceFailed(
            "The callers file cannot be read",
            next_step="drone-mcp-config serve shows its mistakes; DRONE_MCP_ADMIN_CALLERS names it",
        ) from error
    entries = data.get("callers") if isinstance(data, dict) else None
    found = [entry for entry in entries or () if isinstance(entry, dict)] if isinstance(entries, list) else []
    return CallerList(callers=tuple(sorted(map(_present, found), key=lambda one: (one.name, one.token_hash))))


def _present(entry: dict[str, Any]) -> CallerItem:
    algorithm, _, digest = str(entry.get("token", "")).partition(":")
    limit, added = entry.get("per_minute"), entry.get("with")
    return CallerItem(
        name=one_line(str(entry.get("name", "")), WIDTH),
        role=one_line(str(entry.get("role", "")), WIDTH),
        added=tuple(one_line(str(server), WIDTH) for server in added[:MOST_ADDED]) if isinstance(added, list) else (),
        ceiling=one_line(str(entry.get("ceiling", "")), WIDTH),
        # A file that holds a token in place of its hash is a mistake; nothing of it is shown.
        token_hash=f"sha256:{digest[:SHOWN_HASH]}" if algorithm == "sha256" else "not a hash",
        tokens="their own" if entry.get("drone") == "caller" else "the role's",
        per_minute=limit if isinstance(limit, int) else None,
    )
