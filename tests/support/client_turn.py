"""One whole turn of a real client: from the file that drone-mcp-config wrote to the model's last word."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.plan.making import tools_by_server
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role, narrow_role
from support.model_api.model import scripted_model
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from support.model_api.dialect import Asked
    from support.model_api.model import Call
    from support.real_clients import RealClient, Start

PARTING = 30  # seconds in which the servers of a client that has ended have to end


@dataclass(frozen=True)
class Turn:
    """What a turn came to.

    Attributes:
        requests: what the model was asked, oldest first.
        status: how the client ended.
        output: what it printed.
        left: the processes that it left behind.
    """

    requests: Sequence[Asked]
    status: int
    output: str
    left: Sequence[str]

    @property
    def first(self) -> set[str]:
        """The tools of Drone in the first request, with their schemas or by their names alone."""
        assert self.requests, self.output
        return {name for name in (*self.requests[0].offered, *self.requests[0].deferred) if "drone_" in name}

    @property
    def results(self) -> tuple[str, ...]:
        """What the calls of the model were answered with, oldest first."""
        assert self.requests, self.output
        return self.requests[-1].results


@dataclass(frozen=True)
class Project:
    """A folder to work in and a user's home, new for each turn, and the role of the agent there."""

    folder: Path
    client: RealClient
    role: str
    variables: Mapping[str, str]
    roles: Path | None = None

    def __post_init__(self) -> None:
        for name in ("work", "home"):
            (self.folder / name).mkdir()

    @property
    def tools(self) -> set[str]:
        """Every tool of the role, as the client names it to the model."""
        return {self.client.tool(server, tool) for server, tools in self._servers().items() for tool in tools}

    def _servers(self) -> dict[str, tuple[str, ...]]:
        installed = read_installation()
        role = narrow_role(load_role(self.role, role_library(self.roles), installed), installed, self.variables)
        return tools_by_server(role, installed)

    def turn(self, script: Sequence[Call], *, agent: bool = False) -> Turn:
        """Run a turn: from the project's file, or by `drone-mcp-config agent`, which makes a file of its own."""
        with scripted_model(script) as model, TemporaryDirectory() as temporary:
            start = self.client.start(model.url, self.folder / "work", list(self._servers()))
            self._settle(start)
            command = [self.client.program(), *start.arguments]
            if agent:
                command = [*self._config("agent"), "--", *command]
            else:
                assert self._run(self._config()) == 0, self._output()
            try:
                status = self._run(command, **start.variables, TMPDIR=temporary)
            finally:
                left = _parted(self.folder / "home")
            return Turn(model.requests, status, self._output(), left)

    def _settle(self, start: Start) -> None:
        for name, text in start.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def _config(self, *subcommand: str) -> list[str]:
        roles = ["--roles-dir", str(self.roles)] if self.roles else []
        options = ["--role", self.role, "--client", self.client.name, *roles]
        return [sys.executable, "-m", "drone_mcp_config", *subcommand, *options]

    def _run(self, command: Sequence[str], **told: str) -> int:
        """Run a command to its end, with nothing of this machine's settings but its PATH."""
        # A file, because whoever is left behind would keep a pipe open.
        with (
            self._log.open("w") as log,
            subprocess.Popen(
                command,
                cwd=self.folder / "work",
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), **self.variables, **told},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            ) as process,
        ):
            try:
                return process.wait(PATIENCE)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise

    @property
    def _log(self) -> Path:
        return self.folder / "output.txt"

    def _output(self) -> str:
        return self._log.read_text(encoding="utf-8")


def _parted(home: Path) -> list[str]:
    """Let the processes of a home end, and return the command lines of those that did not; they are killed."""
    left = []
    for pid, command in _processes(home):
        if not _ended(pid):
            os.kill(pid, signal.SIGKILL)
            left.append(command)
    return left


def _ended(pid: int) -> bool:
    """Wait for the end of a process, for as long as it may take."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], PARTING)[0])
    finally:
        os.close(descriptor)


def _processes(home: Path) -> Iterator[tuple[int, str]]:
    """Find the processes whose HOME is this one: clients hand on little else of their environment to servers."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has ended, or is another user's
            continue
        if f"HOME={home}".encode() in variables:
            yield int(folder.name), command
