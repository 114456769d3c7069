"""`drone-mcp-config roles`: which role has which tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.measure import Measurement
from rich.table import Table

from ci_mcp_kit.terminal import WIDE, standard_output
from drone_mcp_config.errors import InvalidRole, UserError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import Role, load_role

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.installation.server_manifest import ManifestTool


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
    for part in _fold(roles, installed, console):
        console.print(_table(part, installed))
        console.print()
    for role in roles:
        typer.echo(f"{role.name}: {role.description or 'no description'}")
    if problems:
        raise UserError("\n".join(problems))


def _fold(roles: list[Role], installed: Servers, console: Console) -> list[list[Role]]:
    """Divide the roles into as few parts as have tables that fit the terminal."""
    unlimited = console.options.update_width(WIDE)  # otherwise no table is wider than the terminal
    parts: list[list[Role]] = [[]]
    for role in roles:
        wider = [*parts[-1], role]
        width = Measurement.get(console, unlimited, _table(wider, installed)).maximum
        if parts[-1] and width > console.width:
            parts.append([role])
        else:
            parts[-1] = wider
    return parts


def _table(roles: list[Role], installed: Servers) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("server")
    table.add_column("tool")
    for role in roles:
        table.add_column(role.name, justify="center")
    for name, manifest in installed.items():
        for tool in manifest.tools:
            table.add_row(name, tool.name, *(_mark(role, name, tool) for role in roles))
    for name in dict.fromkeys(name for role in roles for name in role.external):
        table.add_row(name, "(another project's)", *("x" if name in role.external else "-" for role in roles))
    return table


def _mark(role: Role, server: str, tool: ManifestTool) -> str:
    """Return the cell of a tool for a role: x, the mode of one that writes, or - where the role does not have it."""
    entry = role.servers.get(server)
    if entry is None or (entry.tools is not None and tool.name not in entry.tools):
        return "-"
    return "x" if tool.read_only else (entry.mode or "off")
