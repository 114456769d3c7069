"""Images that scripts/check-image has built, and containers of them without a container engine."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp.client.stdio import StdioServerParameters

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTAINED = Path(__file__).parents[1] / "docker" / "contained.sh"
UNSHARE = ("/usr/bin/unshare", "--mount", "--pid", "--fork", "--kill-child", str(CONTAINED))
PATIENCE = 300  # seconds before a test gives up; nothing here takes more than a few on an idle machine
USER = "10001"


@dataclass(frozen=True)
class Image:
    """An image: its root file system, and what it says about itself."""

    name: str
    root: Path
    config: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        return dict(item.split("=", 1) for item in self.config["Env"])

    @property
    def command(self) -> list[str]:
        """What runs when nothing is asked for."""
        return [*self.config["Entrypoint"], *self.config["Cmd"]]

    def contained(self, *command: str) -> list[str]:
        """Return the command line that runs a command in a container."""
        return [*UNSHARE, str(self.root), USER, USER, *command]

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        env = self.environment | environment
        pipe = subprocess.PIPE
        return subprocess.run(
            self.contained(*command), env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip

    def python(self, code: str) -> Any:
        """Run code in the image's interpreter, and return the JSON that it prints."""
        done = self.run("/opt/drone-mcp/python/bin/python3", "-c", code)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def stdio(self, *command: str, **environment: str) -> StdioServerParameters:
        """Return how a client starts a server of it over standard input and output."""
        program, *arguments = self.contained(*command)
        return StdioServerParameters(command=program, args=arguments, env=self.environment | environment)

    @contextmanager
    def serving(self, *command: str, **environment: str) -> Iterator[Container]:
        """Start what serves (the image's own command if none is given), and wait for the line that says where."""
        argv = self.contained(*(command or self.command))
        env, pipe = self.environment | environment, subprocess.PIPE
        with subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True) as process:
            try:
                assert process.stdout
                assert process.stderr
                line = process.stdout.readline()
                assert line, process.stderr.read()
                yield Container(process, json.loads(line))
            finally:
                end(process, signal.SIGKILL)

    def is_healthy(self) -> bool:
        """Run the image's own health check."""
        return self.run(*self.config["Healthcheck"]["Test"][1:]).returncode == 0


@dataclass(frozen=True)
class Container:
    """A container that serves, and what it said when it was ready."""

    process: subprocess.Popen[str]
    said: dict[str, Any]

    def stop(self) -> int:
        """Ask it to stop as an engine does. Returns its exit status."""
        return end(self.process, signal.SIGTERM)


def end(process: subprocess.Popen[str], number: signal.Signals) -> int:
    """Send a signal to the first process of a container, if it still runs, and wait until all of it is gone."""
    if process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
        os.kill(int(children.split()[0]), number)
    return process.wait(PATIENCE)


def built() -> dict[str, Image]:
    """Read what scripts/check-image has built; nothing where it did not run."""
    folder = os.environ.get("DRONE_MCP_IMAGES")
    if not folder:
        return {}
    roots = Path(folder, "roots").read_text(encoding="utf-8")
    return {name: _image(Path(folder), name, root) for name, root in map(str.split, roots.splitlines())}


def _image(folder: Path, name: str, root: str) -> Image:
    said = json.loads(Path(folder, f"{name}.json").read_text(encoding="utf-8"))
    return Image(name, Path(root), said["Docker"]["config"])


def raise_loopback() -> None:
    """Bring up the loopback interface of a network of our own."""
    up_and_running = 0x1 | 0x40
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", up_and_running))  # SIOCSIFFLAGS
