"""Two builds of the same sources are the same files, so that anyone can check a release."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
SOURCES = ("servers", "shared", "entrypoint", "roles", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")


def build(folder: Path, mask: int) -> dict[str, str]:
    """Build wheel and sdist from a copy of the sources with new times and other permissions; return their digests."""
    tree = folder / "tree"
    tree.mkdir(parents=True)
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, tree / name, ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copyfile
            )
        else:
            shutil.copyfile(source, tree / name)
    for path in tree.rglob("*"):
        path.chmod(path.stat().st_mode & ~mask)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder / "dist"), str(tree)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (folder / "dist").iterdir()}


def test_two_builds_are_equal_whatever_the_times_and_permissions_of_the_sources(tmp_path: Path) -> None:
    first, second = build(tmp_path / "one", 0o022), build(tmp_path / "other", 0o077)
    assert {Path(name).suffix for name in first} == {".whl", ".gz"}
    assert first == second
