"""Lay out what one role needs of drone-mcp, and nothing of what other roles need.

    role_packages.py NAME ROOT

NAME is a role (its servers come from its role file, with all that it extends), or a service that is no role: `webhooks`
for the program drone-mcp-webhooks. Run by the interpreter of the image, with the whole of drone-mcp within its reach;
ROOT gets files under the paths that they will have in the image.
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
    """What goes into an image: import packages, and role files by the names of their roles."""

    packages: frozenset[str]
    roles: frozenset[str] = frozenset()

    def has(self, path: str) -> bool:
        """Decide about one installed file."""
        role_file = ROLE_FILE.fullmatch(path)
        if role_file:
            return role_file["role"] in self.roles
        return bool(METADATA.fullmatch(path)) or path.partition("/")[0] in self.packages

    def leads_to(self, points: Iterable[EntryPoint]) -> list[EntryPoint]:
        """Keep the entry points that lead into its packages."""
        return [point for point in points if package_of(point) in self.packages]


def choose(name: str, contained: Collection[str], points: Iterable[EntryPoint]) -> Choice:
    """Choose among the packages that drone-mcp contains, for a role or a service.

    A package with a program of its own is a server, a service or the entrypoint; all others are what these share.

    Raises:
        UserError: there is no such role, or its file is wrong.
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
    """Return the import package that an entry point leads into."""
    return point.module.partition(".")[0]


def copy_files(whole: Distribution, choice: Choice, folder: Path) -> None:
    """Copy what was chosen; the metadata tells of nothing else."""
    for path in whole.files or ():
        if choice.has(path.as_posix()) and "__pycache__" not in path.parts:
            (folder / path.parent).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(path.locate()), folder / path)
    points = sorted(choice.leads_to(whole.entry_points), key=lambda point: point.group)
    (metadata,) = folder.glob("*.dist-info")
    (metadata / "entry_points.txt").write_text(entry_points_text(points), encoding="utf-8")


def entry_points_text(points: Iterable[EntryPoint]) -> str:
    """Write entry points, sorted by group, as metadata has them."""
    groups = ((group, list(members)) for group, members in groupby(points, key=lambda point: point.group))
    return "\n".join(f"[{group}]\n" + "".join(f"{p.name} = {p.value}\n" for p in members) for group, members in groups)


def write_programs(points: Iterable[EntryPoint], folder: Path) -> None:
    """Write console scripts for the interpreter that runs this."""
    folder.mkdir(parents=True)
    for point in points:
        script = folder / point.name
        text = SCRIPT.format(python=sys.executable, module=point.module, function=point.attr)
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)


def lay_out(name: str, root: Path) -> None:
    """Fill `root`: packages where the interpreter finds them, with bytecode, and programs in a `bin` beside it."""
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
