"""What the tests of installing share: pipx and uv, installed from the pinned requirements."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 600  # seconds


@pytest.fixture(scope="session")
def installers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs pipx and uv."""
    folder = tmp_path_factory.mktemp("installers")
    venv.create(folder)
    wanted = ["--require-hashes", "--requirement", str(ROOT / "requirements" / "installers.txt")]
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*pip, *wanted], check=True, timeout=PATIENCE)
    programs = folder / "programs"  # not the environment's own folder, which has a python
    programs.mkdir()
    for name in ("pipx", "uv"):
        (programs / name).symlink_to(folder / "bin" / name)
    return programs
