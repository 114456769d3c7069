"""`drone-nodes` says which release it is of."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version


def test_the_command_prints_its_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "drone_nodes", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"drone-nodes {version('drone-mcp')}\n"
