"""Claude Code accepts the plugin of this checkout, and installs it from the checkout as a marketplace."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.patience import PATIENCE

pytestmark = [pytest.mark.client, pytest.mark.checkout]

ROOT = Path(__file__).parents[2]


def test_claude_code_installs_the_plugin_with_its_skill_and_its_servers(tmp_path: Path) -> None:
    def claude(*arguments: str) -> str:
        done = subprocess.run(
            ["claude", "plugin", *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DISABLE_AUTOUPDATER": "1"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "Validation passed" in claude("validate", str(ROOT / "plugin"))
    assert "Validation passed" in claude("validate", str(ROOT))
    claude("marketplace", "add", str(ROOT))
    claude("install", "drone-mcp@drone-mcp")
    assert "drone-mcp@drone-mcp" in claude("list")
    (skill,) = (tmp_path / ".claude" / "plugins").rglob("skills/red-build/SKILL.md")
    assert skill.read_bytes() == (ROOT / "plugin" / "skills" / "red-build" / "SKILL.md").read_bytes()
