"""`drone-mcp-config roles`: which role has which tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.table import Table

from drone_mcp_config.commands.terminal import standard_output
from drone_mcp_config.errors import InvalidRole, UserError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import Role, load_role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drone_mcp_config.installation.manifest import Manifest
    from drone_mcp_config.installation.reading import Servers


def run(roles_dir: Path | None) -> None:
    """Print the table, then the descriptions of the roles.

    Raises:
        UserError: after the table, when some role is invalid.
    """
    found = role_library(roles_dir)
    installed = read_installation()
    roles: list[Role] = []
    problems: dict[str, None] = {}  # a mistake in a parent is reported once, not for each child
    for name in found.names():
        try:
            roles.append(load_role(name, found, installed))
        except InvalidRole as error:
            problems |= dict.fromkeys(str(problem) for problem in error.problems)
    console = standard_output()
    console.print(_table(roles, installed))
    console.print()
    for role in roles:
        typer.echo(f"{role.name}: {role.description or 'no description'}")
    if problems:
        raise UserError("\n".join(problems))


def _table(roles: list[Role], installed: Servers) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("server")
    table.add_column("tool")
    for role in roles:
        table.add_column(role.name, justify="center")
    for name, manifest in installed.items():
        for row in _rows(name, manifest, roles):
            table.add_row(*row)
    for name in dict.fromkeys(name for role in roles for name in role.external):
        table.add_row(name, "(another project's)", *("x" if name in role.external else "-" for role in roles))
    return table


def _rows(name: str, manifest: Manifest, roles: list[Role]) -> Iterator[list[str]]:
    for tool in manifest.tools:
        yield [name, tool.name, *(_mark(role, name, tool.name, reads=tool.read_only) for role in roles)]


def _mark(role: Role, server: str, tool: str, *, reads: bool) -> str:
    entry = role.servers.get(server)
    if entry is None or (entry.tools is not None and tool not in entry.tools):
        return "-"
    return "x" if reads else (entry.mode or "off")
