"""`drone-mcp-config --role ROLE`: write the client's configuration, print it, or check it."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from drone_mcp_config.clients.atomic_file import read_text, real_file, replace_text
from drone_mcp_config.clients.configuration import Choices, Configuration, make_configuration
from drone_mcp_config.clients.folders import UserFolders
from drone_mcp_config.clients.text_editing import EditByHand, new_text, updated_text
from drone_mcp_config.errors import NotWritten, UserError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from drone_mcp_config.installation.reading import Servers


@dataclass(frozen=True)
class TargetFile:
    """The file to write: the path as the user knows it, and the one behind links."""

    shown: Path
    real: Path
    before: str | None


def run(
    role_name: str | None,
    choices: Choices,
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
    role = load_role(role_name, roles, installed)
    folders = UserFolders.here()
    made = make_configuration(role, installed, choices, folders, os.environ)
    if print_only:
        typer.echo(new_text(made.client, made.entries), nl=False)
        _print_notes(made.notes)
        return
    path = output or made.client.location(folders)
    try:
        _write(_target(path, folders, made, chosen=output is not None), made, role.name, installed, check=check)
    except NotWritten as error:
        if isinstance(error, EditByHand):
            typer.echo(error.fragment, nl=False)
        raise NotWritten(f"{path} is left as it is. {error}") from error


def _target(path: Path, folders: UserFolders, made: Configuration, *, chosen: bool) -> TargetFile:
    within = folders.work if made.client.project and not chosen else None
    real = real_file(path, within)
    return TargetFile(path, real, read_text(real))


def _write(target: TargetFile, made: Configuration, role: str, installed: Servers, *, check: bool) -> None:
    before = target.before
    after = (
        new_text(made.client, made.entries)
        if before is None
        else updated_text(before, made.client, made.entries, installed.values())
    )
    if check:
        _check(target, after, role)
        return
    names = ", ".join(made.entries)
    if after == before:
        typer.echo(f"{target.shown} has the role {role!r} already ({names}).")
        return
    replace_text(target.real, after)
    typer.echo(f"Wrote {target.shown}: the role {role!r} for {made.client.title} ({names}).")
    _print_notes(made.notes)


def _check(target: TargetFile, after: str, role: str) -> None:
    if after == target.before:
        typer.echo(f"{target.shown} is up to date with the role {role!r}.")
        return
    before = target.before or ""
    name = str(target.shown)
    # As diff and patch name the old side of a new file.
    old = name if target.before is not None else "/dev/null"
    diff = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), old, name)
    typer.echo("".join(diff), nl=False)
    typer.echo(f"{name} is not as the role {role!r} has it; run this again without --check.", err=True)
    raise typer.Exit(1)


def _print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        typer.echo(note, err=True)
