"""The demo, run as a newcomer runs it: a real process, real servers over stdio, the simulator on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from drone_mcp_config.demo.simulated import Simulated
from drone_mcp_config.demo.story import StoryFailed, tell

if TYPE_CHECKING:
    from pathlib import Path

LABELS = json.loads(files("drone_mcp_simulator").joinpath("scenarios/logs/angular.labels.json").read_text("utf-8"))


def demo(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    return subprocess.run(
        [sys.executable, "-m", "drone_mcp_config", "demo", *arguments],
        env={**os.environ, "TMPDIR": str(temporary)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_ends_at_the_line_that_people_marked_as_the_reason_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = demo(tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["line"] == LABELS["key_line"]["number"]
    assert any(LABELS["key_line"]["text"] in line for line in told["acts"][-1]["told"])
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_piped_demo_is_plain_text_with_whole_lines(tmp_path: Path) -> None:
    done = demo(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert LABELS["key_line"]["text"] in done.stdout
    assert "-token-of-the-demo" not in done.stdout + done.stderr


def test_a_kept_simulator_goes_on_and_the_demo_says_how_to_use_and_how_to_stop_it(tmp_path: Path) -> None:
    done = demo(tmp_path, "--json", "--keep")
    assert done.returncode == 0, done.stderr
    kept: dict[str, Any] = json.loads(done.stdout)["kept"]
    try:
        assert httpx.get(f"{kept['url']}/healthz", trust_env=False).status_code == 200
        assert (tmp_path / kept["folder"] / ".mcp.json").exists()
    finally:
        os.kill(kept["pid"], signal.SIGTERM)


async def test_an_act_that_fails_ends_the_story_with_the_reason(tmp_path: Path) -> None:
    nowhere = Simulated("http://127.0.0.1:1", "no-token-at-all", cast("Any", None))
    with pytest.raises(StoryFailed, match=r"drone_list_builds failed: .*NETWORK_ERROR"):
        async for _ in tell(nowhere, tmp_path, os.environ):
            pass
