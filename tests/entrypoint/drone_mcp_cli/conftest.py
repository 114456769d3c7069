"""The command before a simulated Drone whose clock stands still: a process of its own for each call."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from support.patience import PATIENCE
from support.terminal import Terminal, on_terminal
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

AS_OF = re.compile(r"\bas_of: '[^']*'")
ADDRESS = "http://drone.test"  # in snapshots, in the place of the simulator's


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """A person's shell: its environment and its folder."""

    drone: httpx.Client
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, text: str = "", stdout: int = subprocess.PIPE, **variables: Any) -> Done:
        """Run a command without a terminal, to its end."""
        done = subprocess.run(
            [*warm_python(), "-m", "drone_mcp_cli", *arguments],
            env=self.environment | variables,
            cwd=self.folder,
            input=text,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Done(done.returncode, self.plain(done.stdout or ""), self.plain(done.stderr))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command whose output is read while it runs."""
        command = [*warm_python(), "-m", "drone_mcp_cli", *arguments]
        return subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=subprocess.PIPE, text=True)

    def terminal(self, *arguments: str, **variables: str) -> AbstractContextManager[Terminal]:
        """Run a command on a terminal."""
        command = [*warm_python(), "-m", "drone_mcp_cli", *arguments]
        return on_terminal(command, self.environment | variables, self.folder)

    def plain(self, text: str) -> str:
        """Return a text without the simulator's port and the time of this machine."""
        return AS_OF.sub("as_of: now", text.replace(str(self.drone.base_url).rstrip("/"), ADDRESS))

    def start_build(self, branch: str) -> int:
        """Start a build, and return its number."""
        answer = self.drone.post("/api/repos/octo/hello/builds", params={"branch": branch})
        return int(answer.raise_for_status().json()["number"])

    def start_again(self, number: int) -> int:
        """Start a build of the commit of an earlier one, and return its number."""
        answer = self.drone.post(f"/api/repos/octo/hello/builds/{number}")
        return int(answer.raise_for_status().json()["number"])

    def advance(self, seconds: float) -> None:
        """Let time pass at the simulator."""
        self.drone.post("/_simulator/advance", json={"seconds": seconds}).raise_for_status()

    def asked(self) -> list[str]:
        """Return the requests that arrived at the simulator."""
        every = self.drone.get("/_simulator/requests").raise_for_status().json()
        return [f"{one['method']} {one['path']}" for one in every]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A shell in a folder that is no git repository, before a fresh simulator."""
    command = [*warm_python(), "-m", "drone_mcp_simulator", "serve", "--clock", "manual"]
    with subprocess.Popen(command, env={}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        token = ready["tokens"]["admin"]
        environment = {
            "HOME": str(tmp_path),
            "TZ": "UTC",
            "DRONE_SERVER": ready["url"],
            "DRONE_TOKEN": token,
            "DRONE_MCP_RETRIES": "0",
        }
        with httpx.Client(
            base_url=ready["url"], headers={"authorization": f"Bearer {token}"}, trust_env=False
        ) as drone:
            yield Desk(drone, tmp_path, environment)
        process.kill()


WRITING = {
    "DRONE_MCP_ACTIONS": "on",
    "DRONE_WRITE_TOKEN": "admin-token-of-the-demo",
    "DRONE_MCP_ACTION_REPOS": "octo/*",
}
"""What lets a process change builds."""


@pytest.fixture
def acting(desk: Desk) -> Desk:
    """A shell that may change builds."""
    desk.environment |= WRITING
    return desk
