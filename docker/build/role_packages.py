"""Copies the packages of drone-mcp that one role needs into an image, and no others.

    role_packages.py NAME ROOT

NAME is a role (its role file and the roles that it extends name the servers) or a service: `webhooks` for the
program drone-mcp-webhooks. Run it with the interpreter of the image and with all packages of drone-mcp importable.
It writes the files below ROOT, under the paths that they have in the image.
"""

from __future__ import annotations

import argparse
import re
import shutil
import site
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distribution
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from drone_mcp_config.errors import UserError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

PROGRAMS = "console_scripts"
ENTRYPOINT = "drone_mcp_config"
ROLE_FILE = re.compile(rf"{ENTRYPOINT}/roles/(?P<role>[^/]+)\.yaml")
METADATA = re.compile(r"[^/]+\.dist-info/(?P<file>METADATA|licenses/.+)")
SCRIPT = """\
#!{python}
import sys

from {module} import {function}

sys.exit({function}())
"""


@dataclass(frozen=True)
class Choice:
    """The content of an image: import packages, and role files by the names of their roles."""

    packages: frozenset[str]
    roles: frozenset[str] = frozenset()

    def has(self, path: str) -> bool:
        """Return whether an installed file belongs to the image."""
        role_file = ROLE_FILE.fullmatch(path)
        if role_file:
            return role_file["role"] in self.roles
        return bool(METADATA.fullmatch(path)) or path.partition("/")[0] in self.packages

    def leads_to(self, points: Iterable[EntryPoint]) -> list[EntryPoint]:
        """Return the entry points whose modules are in these packages."""
        return [point for point in points if package_of(point) in self.packages]


def choose(name: str, contained: Collection[str], points: Iterable[EntryPoint]) -> Choice:
    """Select the packages of drone-mcp for a role or a service.

    A package with a console script is a server, a service or the entrypoint; all other packages are shared.

    Raises:
        UserError: the role does not exist, or its file is invalid.
    """
    programs = {point.name: package_of(point) for point in points if point.group == PROGRAMS}
    shared = frozenset(contained) - frozenset(programs.values())
    roles = role_library(None)
    if name not in roles.names() and f"drone-mcp-{name}" in programs:
        return Choice(shared | {programs[f"drone-mcp-{name}"]})
    installed = read_installation()
    role = load_role(name, roles, installed)
    servers = {installed[server].module for server in role.servers}
    return Choice(shared | {ENTRYPOINT} | servers, frozenset(role.lineage))


def package_of(point: EntryPoint) -> str:
    """Return the import package of an entry point."""
    return point.module.partition(".")[0]


def copy_files(whole: Distribution, choice: Choice, folder: Path) -> None:
    """Copy the chosen files, with metadata that lists only their entry points."""
    for path in whole.files or ():
        if choice.has(path.as_posix()) and "__pycache__" not in path.parts:
            (folder / path.parent).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(path.locate()), folder / path)
    points = sorted(choice.leads_to(whole.entry_points), key=lambda point: point.group)
    (metadata,) = folder.glob("*.dist-info")
    (metadata / "entry_points.txt").write_text(entry_points_text(points), encoding="utf-8")


def entry_points_text(points: Iterable[EntryPoint]) -> str:
    """Format entry points, sorted by group, as an entry_points.txt file."""
    groups = ((group, list(members)) for group, members in groupby(points, key=lambda point: point.group))
    return "\n".join(f"[{group}]\n" + "".join(f"{p.name} = {p.value}\n" for p in members) for group, members in groups)


def write_programs(points: Iterable[EntryPoint], folder: Path) -> None:
    """Write console scripts for the running interpreter."""
    folder.mkdir(parents=True)
    for point in points:
        script = folder / point.name
        text = SCRIPT.format(python=sys.executable, module=point.module, function=point.attr)
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)


def lay_out(name: str, root: Path) -> None:
    """Write the packages, with bytecode, and the console scripts to their folders below `root`."""
    whole = distribution("drone-mcp")
    contained = {path.parts[0] for path in whole.files or () if path.name == "py.typed"}
    choice = choose(name, contained, whole.entry_points)
    packages = Path(site.getsitepackages()[-1])
    folder = root / packages.relative_to("/")
    copy_files(whole, choice, folder)
    programs = [point for point in choice.leads_to(whole.entry_points) if point.group == PROGRAMS]
    toolkit = Path(sys.prefix).parent
    write_programs(programs, root / toolkit.relative_to("/") / "bin")
    command = [sys.executable, "-I", "-m", "compileall", "-qf", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, "-s", folder, "-p", packages, folder], check=True)  # noqa: S603 - this interpreter


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("root", type=Path)
    arguments = parser.parse_args()
    try:
        lay_out(arguments.name, arguments.root)
    except UserError as error:
        parser.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
