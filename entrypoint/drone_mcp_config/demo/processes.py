"""The processes of the demo: a simulated Drone, and the receiver of its webhooks."""

from __future__ import annotations

import json
import os
import secrets
import select
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drone_mcp_config.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

RECEIVER = ["drone_mcp_webhooks", "serve", "--listen", "127.0.0.1:0"]
DRONE = ["drone_mcp_simulator", "serve", "--listen", "127.0.0.1:0", "--scenario", "demo"]
SECRET = "DRONE_MCP_WEBHOOK_SECRET"  # noqa: S105 - the variable's name
USER = "dev"
START_SECONDS = 120  # until a process is ready, on whatever machine
END_SECONDS = 5  # from SIGTERM to SIGKILL

Process = subprocess.Popen[str]


@dataclass(frozen=True)
class SimulatedDrone:
    """A running simulator: its address, a developer's tokens, the receiver's state store, and the processes."""

    url: str
    token: str
    forge: str
    forge_token: str
    state: str
    processes: tuple[Process, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a client needs."""
        drone = {"DRONE_SERVER": self.url, "DRONE_TOKEN": self.token, "DRONE_MCP_STATE": self.state}
        return {**drone, "FORGE_SERVER": self.forge, "FORGE_TOKEN": self.forge_token}


@contextmanager
def simulated(folder: Path, *, keep: bool) -> Iterator[SimulatedDrone]:
    """Run the demo's scenario on free loopback ports, with its state and its output in `folder`.

    With `keep` the processes outlive the block, unless it fails.

    Raises:
        UserError: it does not start.
    """
    started: list[Process] = []
    try:
        yield _start(folder, started)
    except BaseException:
        _end(started)
        raise
    if not keep:
        _end(started)


def _start(folder: Path, started: list[Process]) -> SimulatedDrone:
    secret = {SECRET: secrets.token_hex(16)}
    state = f"sqlite://{folder}/state.db"
    # Reconciliation is off: nothing gets lost here, and the receiver would have to know Drone before it is there.
    quiet = {"DRONE_MCP_STATE": state, "DRONE_MCP_LOG_LEVEL": "error"}
    receiver = _ready(RECEIVER, folder, started, quiet | secret)
    webhook = ["--webhook", f"{receiver['url']}/webhooks", "--webhook-secret-env", SECRET]
    drone = _ready([*DRONE, *webhook], folder, started, secret)
    forge = drone["forge"]
    return SimulatedDrone(
        drone["url"], drone["tokens"][USER], forge["url"], forge["tokens"][USER], state, tuple(started)
    )


def _ready(module: list[str], folder: Path, started: list[Process], variables: Mapping[str, str]) -> Any:
    """Start a module of ours, out of reach of Ctrl-C; return the JSON line that it prints when it is ready."""
    log = folder / f"{module[0]}.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", *module],
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    started.append(process)
    try:
        is_ready = process.stdout and select.select([process.stdout], [], [], START_SECONDS)[0]
        return json.loads(process.stdout.readline() if process.stdout and is_ready else "")
    except ValueError as error:
        said = log.read_text(encoding="utf-8", errors="replace").strip()
        raise UserError(f"{module[0]} did not start: {said or 'it said nothing'}") from error


def _end(processes: list[Process]) -> None:
    """Stop the processes, by force if need be."""
    # The simulator first: it would go on to send webhooks to a receiver that is gone.
    for process in reversed(processes):
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
