"""`deploy/nodes/install`, tried twice in a Debian system of its own, in which scripts/check-image lets it run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.patience import PATIENCE

pytestmark = pytest.mark.image

NODES = Path(__file__).parents[2] / "deploy" / "nodes"


@pytest.fixture
def system() -> Path:
    """The root of the system, with `deploy/nodes` in it."""
    root = os.environ.get("DRONE_MCP_NODE_ROOT")
    if not root:
        pytest.skip("scripts/check-image makes the system")
    shutil.copytree(NODES, Path(root, "root/nodes"), dirs_exist_ok=True)
    return Path(root)


def run(system: Path, *command: str) -> str:
    inside = ["chroot", str(system), *command]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    return subprocess.run(inside, env=environment, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout


def everything(system: Path) -> dict[str, tuple[int, int, int]]:
    """Return of each path its inode, its mode, and the time at which either or the content was last changed."""
    found = {str(path): path.lstat() for path in system.rglob("*")}
    return {path: (status.st_ino, status.st_mode, status.st_ctime_ns) for path, status in found.items()}


def test_the_second_of_two_installations_in_a_debian_system_changes_nothing(system: Path) -> None:
    said = run(system, "/root/nodes/install")
    after = everything(system)

    assert "created the user drone-nodes" in said
    assert run(system, "getent", "passwd", "drone-nodes").endswith(":/nonexistent:/usr/sbin/nologin\n")
    described = run(system, "stat", "-c", "%A %U %n", "/etc/drone-nodes", "/var/lib/drone-nodes", "/srv")
    assert described.splitlines() == [
        "drwx------ root /etc/drone-nodes",
        "drwx------ root /var/lib/drone-nodes",
        "drwxr-xr-x root /srv",
    ]
    units = {path.name for pattern in ("*.service", "*.timer") for path in NODES.glob(pattern)}
    assert units <= {path.name for path in (system / "etc/systemd/system").iterdir()}
    assert run(system, "/root/nodes/install") == "nothing to change\n"
    assert everything(system) == after
