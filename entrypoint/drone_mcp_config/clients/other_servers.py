"""Finds the servers in a client's file that are not of the role: an agent with that file reaches them, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drone_mcp_config.clients.merging import has_same_target
from drone_mcp_config.clients.text_editing import read_servers
from drone_mcp_config.errors import CannotExpress, InvalidRole
from drone_mcp_config.plan.making import external_server
from drone_mcp_config.roles.loading import load_role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drone_mcp_config.clients.entries import Entry
    from drone_mcp_config.clients.formats import ClientFormat
    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.roles.library import RoleLibrary


@dataclass(frozen=True)
class OtherServer:
    """A server that the role does not name, and the other roles that have it as an external one."""

    name: str
    roles: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} (as in {', '.join(self.roles)})" if self.roles else self.name


def find_other_servers(
    text: str, client: ClientFormat, entries: Mapping[str, Entry], library: RoleLibrary, installed: Servers
) -> list[OtherServer]:
    """Return the servers of a client's file that are not among the `entries` of a role."""
    others = {name: entry for name, entry in read_servers(text, client).items() if name not in entries}
    externals = list(_external_entries(client, library, installed)) if others else []
    return [
        OtherServer(name, tuple(role for role, key, its in externals if key == name and has_same_target(entry, its)))
        for name, entry in others.items()
    ]


def _external_entries(
    client: ClientFormat, library: RoleLibrary, installed: Servers
) -> Iterator[tuple[str, str, Entry]]:
    """Yield role, name and entry of every external server that a role could have put into such a file."""
    for name in library.names():
        try:
            role = load_role(name, library, installed)
        except InvalidRole:
            continue  # it cannot have been written; `roles` reports its mistakes
        for server, external in role.external.items():
            try:
                yield name, server, client.entry(external_server(server, external))
            except CannotExpress:
                continue
