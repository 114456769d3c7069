"""Creates the skeleton of a server for a system: its package, its tests and its lines in pyproject.toml.

The skeleton is a complete server for a fictitious service, Slipway, with a reading tool and a guarded writing tool. The
script replaces Slipway's names with those of the new system.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

import tomlkit

ROOT = Path(__file__).parents[1]
SKELETON = Path(__file__).with_name("skeleton")


def main() -> None:
    """Create the server that the arguments name."""
    parser = argparse.ArgumentParser(prog="scripts/new-server", description=__doc__)
    parser.add_argument("name", metavar="NAME", help="of the system, in lower-case letters, like harbor")
    name = parser.parse_args().name
    if not re.fullmatch(r"[a-z]{2,16}", name):
        parser.error(f"NAME is {name!r}: it takes 2 to 16 lower-case letters")
    folders = [ROOT / "servers" / f"{name}_mcp", ROOT / "tests" / "servers" / f"{name}_mcp"]
    for folder in folders:
        if folder.exists():
            parser.error(f"there is {folder.relative_to(ROOT)} already")
    for source, folder in zip(("servers", "tests"), folders, strict=True):
        copy(SKELETON / source / "slipway_mcp", folder, name)
    register(ROOT / "pyproject.toml", name)
    # Another name sorts and wraps differently.
    subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", "--fix", "--select", "I", *folders], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", *folders], check=True)


def copy(source: Path, target: Path, name: str) -> None:
    """Copy a folder of the skeleton, with the new names in its texts."""
    target.mkdir(parents=True)
    for file in sorted(source.iterdir()):
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            for old in ("slipway", "Slipway", "SLIPWAY"):
                new = {"slipway": name, "Slipway": name.capitalize(), "SLIPWAY": name.upper()}[old]
                text = text.replace(old, new)
            (target / file.name).write_text(text, encoding="utf-8")


def register(pyproject: Path, name: str) -> None:
    """Write the console script and the entry point of a server."""
    document = tomlkit.parse(pyproject.read_text(encoding="utf-8"))
    project = document["project"]
    project["scripts"][f"drone-mcp-{name}"] = f"{name}_mcp.__main__:main"
    project["entry-points"]["drone_mcp.servers"][name] = f"{name}_mcp"
    pyproject.write_text(tomlkit.dumps(document), encoding="utf-8")


if __name__ == "__main__":
    main()
