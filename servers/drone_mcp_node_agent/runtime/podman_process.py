"""Runs the podman program: bounded in time and output, and known again by the daemon that follows this one."""

from __future__ import annotations

import logging
import os
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING, Final

import anyio

from drone_mcp_node_agent.runtime.podman_error_rules import read_fault
from drone_mcp_node_agent.runtime.runtime import FaultKind, RuntimeFault

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from anyio.abc import ByteReceiveStream, ObjectSendStream

logger = logging.getLogger(__name__)

# A change that outlives its daemon carries the daemon's folder here, for the next one to wait for.
MARK: Final = "NODES_AGENT_CHANGE"
ORPHAN_SECONDS: Final = 60.0
LONGEST_LINE: Final = 16_384
MOST_LINES_WAITING: Final = 256
LONGEST_COMMAND_NAME: Final = 15  # proc(5), /proc/pid/comm: TASK_COMM_LEN with its final null byte is 16


@dataclass(frozen=True)
class Finished:
    """The end of a command."""

    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class PodmanProcess:
    """How podman is started.

    Attributes:
        program: its path or name.
        owner: what tells this daemon's commands from another daemon's, such as its folder.
    """

    program: str
    owner: str

    def _environment(self, *, is_change: bool) -> dict[str, str]:
        # The warning comes with every command of 5.x on cgroups v1.
        extra = {"PODMAN_IGNORE_CGROUPSV1_WARNING": "1"} | ({MARK: self.owner} if is_change else {})
        return {**os.environ, **extra}

    async def run(
        self, arguments: Sequence[str], *, seconds: float, is_change: bool = False, stdin: bytes | None = None
    ) -> Finished:
        """Run a command to its end; RuntimeFault if podman is missing or takes too long."""
        try:
            with anyio.fail_after(seconds):
                done = await anyio.run_process(
                    [self.program, *arguments],
                    input=b"" if stdin is None else stdin,
                    check=False,
                    env=self._environment(is_change=is_change),
                )
        except TimeoutError:
            raise RuntimeFault(
                FaultKind.TIMED_OUT,
                f"podman {arguments[0]} did not end within {seconds:g} seconds",
                "Check the load and the disk of the node, then look at the service's status",
            ) from None
        except OSError as error:
            raise _missing(self.program, error) from error
        return Finished(done.returncode, *(part.decode(errors="replace") for part in (done.stdout, done.stderr)))

    @asynccontextmanager
    async def follow(self, arguments: Sequence[str]) -> AsyncGenerator[AsyncIterator[tuple[str, str]]]:
        """Run a command and give its lines as (`stdout` or `stderr`, line); it is killed when the block is left."""
        send, receive = anyio.create_memory_object_stream[tuple[str, str]](MOST_LINES_WAITING)
        try:
            process = await anyio.open_process(
                [self.program, *arguments],
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                env=self._environment(is_change=False),
            )
        except OSError as error:
            raise _missing(self.program, error) from error
        async with receive, process, anyio.create_task_group() as tasks:
            for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
                if pipe:
                    tasks.start_soon(_send_lines, pipe, name, send.clone())
            send.close()
            try:
                yield receive
            finally:
                tasks.cancel_scope.cancel()
                # Not by the process object, which would take the exit status from the watcher of asyncio.
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        os.kill(process.pid, SIGKILL)

    async def wait_for_orphans(self) -> None:
        """Wait until the changes that an earlier daemon of the same owner began have ended."""
        deadline = time.monotonic() + ORPHAN_SECONDS
        while orphans := await anyio.to_thread.run_sync(_find_changes, Path(self.program).name, self.owner):
            if time.monotonic() > deadline:
                logger.warning("Commands of an earlier daemon still run after %g s: %s", ORPHAN_SECONDS, orphans)
                return
            await anyio.sleep(0.1)


def _missing(program: str, error: OSError) -> RuntimeFault:
    return RuntimeFault(
        FaultKind.ENGINE_MISSING,
        f"podman cannot be run as {program}: {error.strerror}",
        "Install podman on the node, or correct its path in the daemon's configuration",
    )


async def _send_lines(pipe: ByteReceiveStream, name: str, lines: ObjectSendStream[tuple[str, str]]) -> None:
    """Send the lines of a pipe, cut to the longest that is allowed, until it ends or nobody listens."""
    rest = b""
    async with lines:
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async for chunk in pipe:
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    await lines.send((name, line[:LONGEST_LINE].decode(errors="replace")))
                rest = rest[:LONGEST_LINE]
            if rest:
                await lines.send((name, rest.decode(errors="replace")))


def _find_changes(program: str, owner: str) -> list[int]:
    """Return the processes of a program that carry the mark of an owner."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            # Only podman ends by itself: conmon and the name server of its networks inherit the mark, and stay.
            if folder.name.isdigit() and (folder / "comm").read_text().strip() == program[:LONGEST_COMMAND_NAME]:
                marks = (folder / "environ").read_bytes().split(b"\0")
                found += [int(folder.name)] if f"{MARK}={owner}".encode() in marks else []
    return found


def check(action: str, finished: Finished) -> str:
    """Return what a command printed; RuntimeFault if it failed."""
    if finished.exit_code:
        raise read_fault(action, finished.exit_code, finished.stderr)
    return finished.stdout
