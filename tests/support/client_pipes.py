"""A server process as a client has it: its pipes, messages line by line, and its end."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
HANDSHAKE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
ENVELOPE = {"_meta": {VERSION_KEY: "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}}
NOWHERE = {"DRONE_SERVER": "http://127.0.0.1:9", "DRONE_TOKEN": "x" * 32, "DRONE_MCP_RETRIES": "0"}


class ServerProcess:
    """A server and its pipes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    @property
    def stdin(self) -> IO[bytes]:
        assert self.process.stdin
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self.process.stdout
        return self.process.stdout

    def send(self, **message: Any) -> None:
        self.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.stdin.flush()

    def receive(self) -> dict[str, Any]:
        line = self.stdout.readline()
        assert line, "the server has ended"
        return dict(json.loads(line))

    def shake_hands(self) -> None:
        """Open a connection of the era with a handshake."""
        self.ask(1, "initialize", HANDSHAKE)
        self.send(method="notifications/initialized")

    def signal(self, *numbers: int) -> None:
        """Send signals, one right after the other."""
        for number in numbers:
            self.process.send_signal(number)

    def ask(self, number: int | str, method: str, params: dict[str, Any] | None = None) -> Any:
        """Send a request and return its result."""
        self.send(id=number, method=method, params=params or {})
        answer = self.receive()
        assert answer["id"] == number
        return answer["result"]

    def has_loaded(self, library: str = "pydantic_core") -> bool:
        """Return whether the process has mapped a library (Linux)."""
        return library in Path(f"/proc/{self.process.pid}/maps").read_text(encoding="utf-8")

    def ending(self) -> tuple[int, str]:
        """Return the exit status and what was on stderr."""
        status = self.process.wait(PATIENCE)
        assert self.process.stderr
        return status, self.process.stderr.read().decode()


ENDINGS: dict[str, Callable[[ServerProcess], None]] = {
    "end of input": lambda process: process.stdin.close(),
    "SIGINT": lambda process: process.signal(signal.SIGINT),
    "SIGTERM": lambda process: process.signal(signal.SIGTERM),
    "SIGINT then SIGTERM": lambda process: process.signal(signal.SIGINT, signal.SIGTERM),
}
"""How a client ends a server."""


def failure_of(result: dict[str, Any]) -> dict[str, Any]:
    """Return the error that a failed call answers with."""
    assert result["isError"]
    return dict(json.loads(result["content"][0]["text"].removeprefix("Error: ")))


def server_process(*command: str, **environment: str) -> AbstractContextManager[ServerProcess]:
    """Run `python -P COMMAND...` with nothing of this process's variables that servers read."""
    return _running([sys.executable, "-P", *command], environment)


def warm_server_process(*command: str, **environment: str) -> AbstractContextManager[ServerProcess]:
    """Run the same as a forked process: for tests that are not about what is loaded when, or how a process ends."""
    return _running([*warm_python(), *command], environment)


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[ServerProcess]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DRONE")}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env={**kept, **environment}) as process:
        try:
            yield ServerProcess(process)
        finally:
            process.kill()
            for stream in (process.stdin, process.stdout, process.stderr):
                assert stream
                stream.close()


def wait_until_gone(pid: int) -> bool:
    """Wait for the end of a process that is not our child; False where it lives on."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], PATIENCE)[0])
    finally:
        os.close(handle)
