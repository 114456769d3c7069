"""Servers as processes that start at once: a parent that has imported everything forks one for each test.

It is for tests that are not about starting. What runs in the child is what runs in a process of its own: the front of a
server or the server alone, over pipes.

    with WarmServers() as warm, warm.start("drone_mcp_builds", front=True, DRONE_SERVER="…") as process:
        process.stdin.write(...)
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING

from support.installed import PACKAGES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

TESTS = Path(__file__).parents[1]
_LARGEST = 2**16


@dataclass
class Process:
    """A forked server and its pipes."""

    pid: int
    stdin: IO[bytes]
    stdout: IO[bytes]

    def read_to_end(self) -> bytes:
        """Close the input and return the rest of the output."""
        self.stdin.close()
        return self.stdout.read()


class WarmServers:
    """The parent, for the time of a `with` block."""

    def __enter__(self) -> Self:
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, "-m", "support.warm", str(theirs.fileno())]
        environment = {**os.environ, "PYTHONPATH": str(TESTS)}
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment)
        theirs.close()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()
        self._process.wait()

    @contextmanager
    def start(self, package: str, *, front: bool, **environment: str) -> Iterator[Process]:
        """Fork a server, with nothing but this environment."""
        (their_in, our_in), (our_out, their_out) = os.pipe(), os.pipe()
        order = json.dumps({"package": package, "front": front, "environment": environment}).encode()
        socket.send_fds(self._socket, [order], [their_in, their_out])
        os.close(their_in)
        os.close(their_out)
        with os.fdopen(our_in, "wb", buffering=0) as stdin, os.fdopen(our_out, "rb") as stdout:
            yield Process(int(self._socket.recv(_LARGEST)), stdin, stdout)


def serve(orders: socket.socket) -> None:
    """Fork a server for each order."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for package in PACKAGES.values():
        import_module(f"{package}.server")
    while True:
        order, descriptors, _, _ = socket.recv_fds(orders, _LARGEST, 2)
        if not order:
            return
        pid = os.fork()
        if pid == 0:
            orders.close()
            be_server(descriptors, **json.loads(order))
        for descriptor in descriptors:
            os.close(descriptor)
        orders.send(str(pid).encode())


def be_server(descriptors: list[int], package: str, environment: dict[str, str], *, front: bool) -> None:
    """Run in the child: the console command of the package, or the server without its front."""
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [package]
    main = import_module(f"{package}.__main__" if front else f"{package}.server").main
    main()
    os._exit(0)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
