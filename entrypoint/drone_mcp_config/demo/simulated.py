"""A simulated Drone as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drone_mcp_config.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = [sys.executable, "-m", "drone_mcp_simulator", "serve", "--listen", "127.0.0.1:0", "--scenario", "demo"]
USER = "dev"
END_SECONDS = 5


@dataclass(frozen=True)
class Simulated:
    """Where the simulator listens, and the token of a developer there."""

    url: str
    token: str
    process: subprocess.Popen[str]

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs in its environment."""
        return {"DRONE_SERVER": self.url, "DRONE_TOKEN": self.token}

    def end(self) -> None:
        """Stop it, whatever it does."""
        self.process.terminate()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@contextmanager
def simulator(kept_in: Path | None = None) -> Iterator[Simulated]:
    """Run the demo's scenario on a free loopback port.

    With a folder to be kept in it goes on after the block, and writes its log there; but not after a failure.

    Raises:
        UserError: it does not start.
    """
    drone = _start(kept_in)
    try:
        yield drone
    except BaseException:
        drone.end()
        raise
    if not kept_in:
        drone.end()


def _start(kept_in: Path | None) -> Simulated:
    process = _process() if kept_in is None else _lasting_process(kept_in / "simulator.log")
    said = process.stdout.readline() if process.stdout else ""
    try:
        ready = json.loads(said)
        return Simulated(ready["url"], ready["tokens"][USER], process)
    except (ValueError, KeyError) as error:
        process.kill()
        process.wait()
        raise UserError("The simulator did not start; what it printed above says why.") from error


def _process() -> subprocess.Popen[str]:
    return subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own module


def _lasting_process(log: Path) -> subprocess.Popen[str]:
    """Start it so that it outlives this terminal: out of reach of its Ctrl-C, and holding none of its streams."""
    with log.open("w") as stderr:
        return subprocess.Popen(  # noqa: S603 - our own module
            COMMAND,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
