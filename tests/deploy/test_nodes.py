"""What `deploy/nodes` ships: units, example configurations, and the script that installs them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from drone_mcp_node_agent.configuration.loading import load_configuration as load_daemon
from drone_mcp_node_agent.configuration.model import Configuration
from drone_nodes.configuration.loading import load_configuration as load_command
from support.patience import PATIENCE

pytestmark = pytest.mark.checkout

NODES = Path(__file__).parents[2] / "deploy" / "nodes"
UNITS = sorted(path.name for path in NODES.glob("*.service")) + sorted(path.name for path in NODES.glob("*.timer"))
PROGRAM = "/opt/drone-mcp/bin/drone-nodes-agent"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make users")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system without anything but root, and the units of systemd itself."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\n")
    return tmp_path


def install(root: Path) -> str:
    command = [str(NODES / "install"), "--root", str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout


def everything(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return of each path its mode, the time of its last change, and its content."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(root))] = (status.st_mode, status.st_mtime_ns, content)
    return found


@as_root
def test_a_second_installation_changes_nothing(root: Path) -> None:
    first = install(root)
    after = everything(root)

    assert "created the user drone-nodes" in first
    assert "systemctl enable --now" in first
    assert install(root) == "nothing to change\n"
    assert everything(root) == after


@as_root
def test_an_installation_makes_the_user_the_folders_the_units_and_the_program(root: Path) -> None:
    install(root)

    assert re.search(
        r"^drone-nodes:.*:/nonexistent:/usr/sbin/nologin$", (root / "etc/passwd").read_text(), re.MULTILINE
    )
    assert re.search(r"^drone-nodes:", (root / "etc/group").read_text(), re.MULTILINE)
    modes = {path: (root / path).stat().st_mode & 0o777 for path in ("etc/drone-nodes", "var/lib/drone-nodes", "srv")}
    assert modes == {"etc/drone-nodes": 0o700, "var/lib/drone-nodes": 0o700, "srv": 0o755}
    assert sorted(path.name for path in (root / "etc/systemd/system").iterdir()) == sorted(UNITS)
    assert (root / "etc/drone-nodes/agent.toml").stat().st_mode & 0o777 == 0o600
    assert str((root / "usr/local/bin/drone-nodes-agent").readlink()) == PROGRAM


@as_root
def test_an_installation_repairs_units_and_modes_and_keeps_the_configuration(root: Path) -> None:
    install(root)
    (root / "etc/systemd/system/drone-nodes-agent.service").write_text("[Service]\n")
    (root / "var/lib/drone-nodes").chmod(0o755)
    (root / "etc/drone-nodes/agent.toml").write_text('node = "db-1"\n')
    again = install(root)

    assert "wrote /etc/systemd/system/drone-nodes-agent.service" in again
    assert "set the mode of /var/lib/drone-nodes to 0700" in again
    assert "agent.toml" not in again.partition("Next:")[0]
    assert (root / "etc/drone-nodes/agent.toml").read_text() == 'node = "db-1"\n'


def verify(root: Path, unit: str) -> str:
    """Return systemd's messages about a unit; its exit code is 0 even for an unknown key."""
    analyze = shutil.which("systemd-analyze")
    if not analyze and not os.environ.get("CI"):
        pytest.skip("systemd-analyze is missing (Debian: systemd)")
    assert analyze
    command = [analyze, "verify", f"--root={root}", unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    return done.stdout + done.stderr + (f"exit code {done.returncode}" if done.returncode else "")


@pytest.fixture
def with_systemd(root: Path) -> Path:
    """A system with our units, the program, and the units of systemd."""
    shutil.copytree("/lib/systemd/system", root / "lib/systemd/system", symlinks=True)
    install(root)
    (root / PROGRAM[1:]).parent.mkdir(parents=True)
    shutil.copy("/bin/true", root / PROGRAM[1:])
    return root


@as_root
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_a_unit_without_a_message(with_systemd: Path, unit: str) -> None:
    assert verify(with_systemd, unit) == ""


@as_root
def test_systemd_reports_an_unknown_key(with_systemd: Path) -> None:
    unit = with_systemd / "etc/systemd/system/drone-nodes-agent.service"
    unit.write_text(unit.read_text().replace("KillMode=", "KillModus="))
    assert "'KillModus'" in verify(with_systemd, unit.name)


def test_containers_outlive_the_daemon_and_a_snapshot_is_taken_at_two() -> None:
    daemon = (NODES / "drone-nodes-agent.service").read_text().splitlines()
    timer = (NODES / "drone-nodes-snapshot.timer").read_text().splitlines()
    assert {"Type=notify", "KillMode=process"} <= set(daemon)
    assert {"OnCalendar=*-*-* 02:00:00 UTC", "RandomizedDelaySec=5min"} <= set(timer)


def uncommented(text: str) -> str:
    """Return an example with the settings that it shows as comments, such as `# client_ca = …`, in force."""
    return re.sub(r"(?m)^# (?=\[|[a-z_]+ = )", "", text)


def test_the_example_of_the_daemon_shows_every_setting_with_its_default(tmp_path: Path) -> None:
    example = tmp_path / "agent.toml"
    example.write_text(uncommented((NODES / "agent.toml").read_text()))
    all_set = load_daemon(example, {})
    as_shipped = load_daemon(NODES / "agent.toml", {})
    defaults = Configuration(node="web-1", tls=as_shipped.tls)

    def keys(table: dict[str, Any]) -> set[str]:
        return {
            f"{name}.{key}" if key else name
            for name, value in table.items()
            for key in (keys(value) if isinstance(value, dict) else {""})
        }

    assert keys(tomllib.loads(example.read_text())) == keys(all_set.model_dump())
    others = {"alerts": as_shipped.alerts.model_copy(update={"command": (), "user": ""})}  # as its comments say
    assert as_shipped.model_copy(update=others).model_dump() == defaults.model_dump()


def test_the_example_of_the_command_line_can_be_read_with_and_without_what_is_commented_out(tmp_path: Path) -> None:
    example = tmp_path / "config.toml"
    example.write_text(uncommented((NODES / "config.toml").read_text()))

    shipped, whole = load_command(NODES / "config.toml", {}), load_command(example, {})
    assert {name: endpoint.address for name, endpoint in shipped.endpoints.items()} == {
        "web-1": "web-1.example.com:7443",
        "web-2": "web-2.example.com:7443",
    }
    assert whole.contents.auth.token_url == "https://id.example.com/token"
