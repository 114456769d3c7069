"""The demo, run as a newcomer runs it: a real process, real servers over stdio, the simulator on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from drone_mcp_config.demo.acts import go_red, play_acts
from drone_mcp_config.demo.agent import Act, StoryFailed, ToolAnswer
from drone_mcp_config.demo.processes import SimulatedDrone, simulated
from drone_mcp_config.errors import UserError
from support.patience import PATIENCE
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LABELS = json.loads(files("drone_mcp_simulator").joinpath("scenarios/logs/angular.labels.json").read_text("utf-8"))


@dataclass
class Played:
    """The output of a demo, and what is left running after it."""

    folder: Path
    acts: list[dict[str, Any]]
    line: int
    kept: dict[str, Any]


def play(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "temporary").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "drone_mcp_config", "demo", *arguments],
        env={**os.environ, "TMPDIR": str(folder / "temporary")},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """A demo that was asked for JSON and to keep its simulator."""
    folder = tmp_path_factory.mktemp("demo")
    reported = json.loads(play(folder, "--json", "--keep").stdout)
    yield Played(folder, reported["acts"], reported["line"], reported["kept"])
    for pid in reported["kept"]["pids"]:
        os.kill(pid, signal.SIGTERM)


def test_it_ends_at_the_line_that_people_marked_as_the_reason(played: Played) -> None:
    assert played.line == LABELS["key_line"]["number"]
    assert any(LABELS["key_line"]["text"] in line for line in played.acts[-1]["shown"])


def test_a_build_goes_red_while_the_agent_waits_and_drone_is_not_asked_for_it(played: Played) -> None:
    [wait] = [act for act in played.acts if "cursor=" in act["asked"]]
    assert wait["shown"][0] == "build: running -> failure"
    assert wait["shown"][-1] == "Drone was not asked once: its webhooks informed the receiver."


def test_a_kept_simulator_goes_on_and_the_demo_says_how_to_use_and_how_to_stop_it(played: Played) -> None:
    assert httpx.get(f"{played.kept['url']}/healthz", trust_env=False, timeout=PATIENCE).status_code == 200
    assert (played.folder / played.kept["folder"] / ".mcp.json").exists()
    assert played.kept["pids"]


def test_a_piped_demo_is_plain_text_with_whole_lines_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = play(tmp_path)
    assert "\x1b" not in done.stdout
    assert LABELS["key_line"]["text"] in done.stdout
    assert "-token-of-the-demo" not in done.stdout + done.stderr
    assert list((tmp_path / "temporary").iterdir()) == []


class Polling:
    """An agent whose server asks Drone for the build with every wait."""

    def __init__(self, drone: SimulatedDrone) -> None:
        self.drone = drone

    async def ask(self, title: str, *_: object, repo: str, number: int, **_others: object) -> tuple[Act, ToolAnswer]:
        headers = {"authorization": f"Bearer {self.drone.token}"}
        async with httpx.AsyncClient(
            base_url=self.drone.url, headers=headers, trust_env=False, timeout=PATIENCE
        ) as http:
            await http.get(f"/api/repos/{repo}/builds/{number}")
        answer = ToolAnswer({"build": {"status": "failure", "headline": ""}, "changes": [], "cursor": "c"}, "")
        return Act(title, "", 0.0, ()), answer


async def test_a_state_that_drone_was_asked_for_ends_the_story() -> None:
    async with running_simulator("demo", socket=True) as simulator:
        drone = SimulatedDrone(simulator.url, simulator.token("dev"), simulator.url, "any-token", "memory:")
        with pytest.raises(StoryFailed, match="Drone was asked 1 times"):
            async for _ in go_red(cast("Any", Polling(drone)), drone):
                pass


def test_what_does_not_start_is_named_with_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drone_mcp_config.demo.processes.RECEIVER", ["drone_mcp_webhooks", "serve", "--listen", "x"])
    with (
        pytest.raises(UserError, match=r"drone_mcp_webhooks did not start: .*is not an address"),
        simulated(tmp_path, keep=False),
    ):
        pass


async def test_an_act_that_fails_ends_the_story_with_the_reason(tmp_path: Path) -> None:
    nowhere = SimulatedDrone("http://127.0.0.1:1", "no-token-at-all", "http://127.0.0.1:1", "none", "memory:")
    with pytest.raises(StoryFailed, match="no build could be started"):
        async for _ in play_acts(nowhere, tmp_path, os.environ):
            pass
