"""The README's ways to install work for a stranger: each is run as it stands there, from this checkout."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from installation.conftest import PATIENCE

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
WAYS = re.findall(
    r"<!-- install with (\w+): begin -->\n```sh\n(.*?)```\n<!-- install with \1: end -->",
    (ROOT / "README.md").read_text(encoding="utf-8"),
    re.DOTALL,
)


@pytest.mark.parametrize("commands", [commands for _, commands in WAYS], ids=[way for way, _ in WAYS])
def test_a_way_to_install_leads_to_commands_that_work(tmp_path: Path, installers: Path, commands: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("DRONE_", "PYTHON", "VIRTUAL_ENV"))
    }
    # Python's own, and not that of the environment in which the tests run.
    path = os.pathsep.join(part for part in kept["PATH"].split(os.pathsep) if not Path(part, "activate").exists())
    environment = {**kept, "HOME": str(home), "PATH": f"{home}/.local/bin:{installers}:{path}"}
    check = "drone-mcp-config --version; drone-mcp-builds --help >/dev/null; cd /; drone-mcp-config roles"
    done = subprocess.run(
        ["sh", "-euc", f"{commands}\ncommand -v drone-mcp-config\n{check}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^{re.escape(str(home))}/\S*/drone-mcp-config$", done.stdout, re.MULTILINE)
    assert re.search(r"^drone-mcp-config \d+\.\d+\.\d+$", done.stdout, re.MULTILINE)
    assert "drone_diagnose_build" in done.stdout


def test_the_readme_names_three_ways() -> None:
    assert [way for way, _ in WAYS] == ["pip", "pipx", "uv"]
