"""`drone-mcp-config --role ROLE`: write the client's configuration, print it, or check it."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from drone_mcp_config.clients.atomic_file import read_text, real_file, update_text
from drone_mcp_config.clients.configuration_builder import Choices, Configuration, make_configuration
from drone_mcp_config.clients.folders import UserFolders
from drone_mcp_config.clients.other_servers import OtherServer, find_other_servers
from drone_mcp_config.clients.text_editing import EditByHand, new_text, updated_text
from drone_mcp_config.errors import NotWritten, UserError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.delegated_servers import load_delegated
from drone_mcp_config.roles.library import role_library

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.roles.delegated_servers import Delegation
    from drone_mcp_config.roles.library import RoleLibrary


@dataclass(frozen=True)
class TargetFile:
    """The file to write: the path as the user knows it, the one behind links, and what is to be in it."""

    shown: Path
    real: Path
    made: Configuration
    installed: Servers

    def change(self, before: str | None) -> str:
        """Return the text that the file is to have."""
        if before is None:
            return new_text(self.made.client, self.made.entries)
        return updated_text(before, self.made.client, self.made.entries, self.installed.values())

    def other_servers(self, roles: RoleLibrary) -> list[OtherServer]:
        """Return the servers in the file that are not of the role."""
        text = read_text(self.real) or ""
        return find_other_servers(text, self.made.client, self.made.entries, roles, self.installed)


def run(
    role_name: str | None,
    choices: Choices,
    delegation: Delegation,
    *,
    output: Path | None,
    roles_dir: Path | None,
    print_only: bool,
    check: bool,
) -> None:
    """Write, print or check the configuration.

    Raises:
        UserError: for anything that the user can fix.
        typer.Exit: with 1 when `check` finds the file stale.
    """
    if print_only and (check or output):
        raise UserError("--print writes no file: leave out --check and --output.")
    installed, roles = read_installation(), role_library(roles_dir)
    if not role_name:
        raise UserError(f"Which role? Add --role NAME, or set AGENT_ROLE. Roles: {', '.join(roles.names())}.")
    role = load_delegated(role_name, delegation, roles, installed)
    folders = UserFolders.here()
    made = make_configuration(role, installed, choices, folders, os.environ)
    if print_only:
        typer.echo(new_text(made.client, made.entries), nl=False)
        _print_notes(made.notes)
        return
    path = output or made.client.location(folders)
    try:
        real = real_file(path, folders.work if made.client.project and not output else None)
        act = _check if check else _write
        act(TargetFile(path, real, made, installed), role.name, roles)
    except NotWritten as error:
        if isinstance(error, EditByHand):
            typer.echo(error.fragment, nl=False)
        raise NotWritten(f"{path} is left as it is. {error}") from error


def _write(target: TargetFile, role: str, roles: RoleLibrary) -> None:
    names = ", ".join(target.made.entries)
    if update_text(target.real, target.change):
        typer.echo(f"Wrote {target.shown}: the role {role!r} for {target.made.client.title} ({names}).")
        _print_notes(target.made.notes)
    else:
        typer.echo(f"{target.shown} has the role {role!r} already ({names}).")
    _print_others(target.other_servers(roles))


def _check(target: TargetFile, role: str, roles: RoleLibrary) -> None:
    before, name = read_text(target.real), str(target.shown)
    after = target.change(before)
    if after != before:
        # As diff and patch name the old side of a new file.
        old = "/dev/null" if before is None else name
        diff = difflib.unified_diff(
            (before or "").splitlines(keepends=True), after.splitlines(keepends=True), old, name
        )
        typer.echo("".join(diff), nl=False)
        typer.echo(f"{name} is not as the role {role!r} has it; run this again without --check.", err=True)
        raise typer.Exit(1)
    others = target.other_servers(roles)
    if any(other.roles for other in others):
        _print_others(others)
        typer.echo(f"{name} has a server of another role than {role!r}: delete its entry by hand.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{name} is up to date with the role {role!r}.")
    _print_others(others)


def _print_others(others: Sequence[OtherServer]) -> None:
    if others:
        names = ", ".join(map(str, others))
        typer.echo(f"It also has servers that this role does not name, which are left as they are: {names}.", err=True)


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        typer.echo(note, err=True)
