"""Python processes that start at once: each is forked from a parent that has imported everything already.

They are for tests that are not about starting. What a process runs, its pipes, environment, working directory, signals
and exit status are those of a process of its own; its parent is another, and all modules of ours are loaded.

    subprocess.run([*warm_python(), "-m", "drone_mcp_actions", "--help"])      # in the place of sys.executable
    with warm_process("-m", "drone_mcp_builds", DRONE_SERVER="…") as process:  # without a process in between
        process.stdin.write(...)
"""

from __future__ import annotations

import atexit
import marshal
import os
import secrets
import shlex
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mcp import StdioServerParameters

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parents[2]
CLIENT = Path(__file__).with_name("client.py")


def warm_python() -> list[str]:
    """Return what takes the place of `python` on a command line: `-m MODULE` or `-c CODE` and arguments follow."""
    if sys.platform != "linux":  # the parent needs pidfd_open and packets between processes
        return [sys.executable]
    return [sys.executable, "-I", "-S", str(CLIENT), _parent()]


def warm_interpreter(folder: Path) -> str:
    """Write a program that takes the place of `python` where one path is wanted; it starts modules warm."""
    program = folder / "python"
    warm = " ".join(map(shlex.quote, warm_python()))
    program.write_text(
        f"""\
#!/bin/sh
case $1 in
-P | -m) exec {warm} "$@" ;;
*) exec {shlex.quote(sys.executable)} "$@" ;;
esac
""",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return str(program)


def warm_server(module: str, environment: dict[str, str]) -> StdioServerParameters:
    """Return what an MCP client needs to start a server over stdin and stdout."""
    command, *arguments = warm_python()
    return StdioServerParameters(command=command, args=[*arguments, "-m", module], env=environment)


@dataclass
class Process:
    """A forked process and its pipes."""

    stdin: IO[bytes]
    stdout: IO[bytes]

    def read_to_end(self) -> bytes:
        """Close the input and return the rest of the output."""
        self.stdin.close()
        return self.stdout.read()


@contextmanager
def warm_process(*command: str, **environment: str) -> Iterator[Process]:
    """Fork a process with nothing but this environment; it is killed after the block."""
    (their_in, our_in), (our_out, their_out) = os.pipe(), os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(f"\0{_parent()}")
        order = marshal.dumps((list(command), environment, str(TESTS)))
        socket.send_fds(connection, [order], [their_in, their_out, 2])
        os.close(their_in)
        os.close(their_out)
        with os.fdopen(our_in, "wb", buffering=0) as stdin, os.fdopen(our_out, "rb") as stdout:
            yield Process(stdin, stdout)


@cache
def _parent() -> str:
    """Start the parent, which ends with this process; return the abstract address that it listens at."""
    address = f"drone-mcp-tests-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"\0{address}")
        listener.listen(128)
        process = subprocess.Popen(
            [sys.executable, "-m", "support.warm.parent", str(listener.fileno())],
            stdin=subprocess.PIPE,  # the parent ends when it closes
            stdout=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]),
            },
        )
    atexit.register(process.communicate)
    return address
