"""`drone-mcp-config --role ROLE`: write the client's configuration, print it, or check it."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from drone_mcp_config.clients import Places
from drone_mcp_config.documents import ByHand, fresh, updated
from drone_mcp_config.errors import Refused, UserError
from drone_mcp_config.files import read_text, real_file, replace_text
from drone_mcp_config.generating import Choices, Generated, generate
from drone_mcp_config.installation import read_installation
from drone_mcp_config.role_loading import Role, library, load_role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from drone_mcp_config.installation import Servers


@dataclass(frozen=True)
class Target:
    """The file to write: as the user knows it, and behind links."""

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
    """Do what the options say.

    Raises:
        UserError: for anything that the user can mend.
        typer.Exit: with 1 when `check` finds the file stale.
    """
    if print_only and (check or output):
        raise UserError("--print writes no file: leave out --check and --output.")
    installed = read_installation()
    role = _role(role_name, roles_dir, installed)
    places = Places.here()
    made = generate(role, installed, choices, places, os.environ)
    if print_only:
        typer.echo(fresh(made.client, made.entries), nl=False)
        _tell(made.notes)
        return
    path = output or made.client.location(places)
    try:
        _write(_target(path, places, made, chosen=output is not None), made, role.name, check=check)
    except Refused as error:
        if isinstance(error, ByHand):
            typer.echo(error.fragment, nl=False)
        raise Refused(f"{path} is left as it is. {error}") from error


def _role(name: str | None, roles_dir: Path | None, installed: Servers) -> Role:
    roles = library(roles_dir)
    if not name:
        raise UserError(f"Which role? Add --role NAME, or set AGENT_ROLE. Roles: {', '.join(roles.names())}.")
    return load_role(name, roles, installed)


def _target(path: Path, places: Places, made: Generated, *, chosen: bool) -> Target:
    within = places.work if made.client.project and not chosen else None
    real = real_file(path, within)
    return Target(path, real, read_text(real))


def _write(target: Target, made: Generated, role: str, *, check: bool) -> None:
    before = target.before
    after = fresh(made.client, made.entries) if before is None else updated(before, made.client, made.entries)
    if check:
        _check(target, after, role)
        return
    names = ", ".join(made.entries)
    if after == before:
        typer.echo(f"{target.shown} has the role {role!r} already ({names}).")
        return
    replace_text(target.real, after)
    typer.echo(f"Wrote {target.shown}: the role {role!r} for {made.client.title} ({names}).")
    _tell(made.notes)


def _check(target: Target, after: str, role: str) -> None:
    if after == target.before:
        typer.echo(f"{target.shown} is up to date with the role {role!r}.")
        return
    before = target.before or ""
    name = str(target.shown)
    old = name if target.before is not None else "/dev/null"
    diff = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), old, name)
    typer.echo("".join(diff), nl=False)
    typer.echo(f"{name} is not as the role {role!r} has it; run this again without --check.", err=True)
    raise typer.Exit(1)


def _tell(notes: Iterable[str]) -> None:
    for note in notes:
        typer.echo(note, err=True)
