"""Writes audit lines to a file, stderr, a FIFO or an HTTP collector. `append` stores the line or raises OSError.

Several processes can share a file (`audit_file`). The others get one chain from each process. `append` can be cancelled
while it waits for the reader; `Audit` gives it a deadline.
"""

from __future__ import annotations

import os
import secrets
import select
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import anyio
import anyio.to_thread

from ci_mcp_kit.guard.audit_chain import Head, link
from ci_mcp_kit.guard.audit_file import FileSink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

_PAUSE: Final = 0.02  # seconds between two looks at a pipe that is full
# A pipe that can be written to has room for so much (pipe(7)).
_PIECE: Final = getattr(select, "PIPE_BUF", 512)


class Sink(Protocol):
    """Takes audit lines."""

    async def append(self, facts: dict[str, Any]) -> None:
        """Store the complete line of `facts`, or raise OSError."""


def sink_of(where: str, key: bytes | None) -> Sink:
    """Return the sink that DRONE_MCP_AUDIT_LOG names."""
    if where == "stderr":
        return StreamSink(_stderr, key)
    if where.startswith(("http://", "https://")):
        return HttpSink(where, key)
    path = Path(where)
    is_file = path.is_file() or not path.exists()
    return FileSink(path, key) if is_file else StreamSink(partial(_fifo, path), key)


class StreamSink:
    """Writes to stderr, between the log's records, or to a FIFO or a device.

    Args:
        opened: gives the descriptor to write to.
        key: signs lines.
    """

    def __init__(self, opened: Callable[[], AbstractContextManager[int]], key: bytes | None) -> None:
        self._opened = opened
        self._key = key
        self._head = Head(secrets.token_hex(4))
        self._torn = False  # whether a part of a line was written, which cannot be taken back

    async def append(self, facts: dict[str, Any]) -> None:
        """Write one line, as fast as it is read at the other end."""
        line, head = link(facts, self._head, self._key)
        rest = b"\n" * self._torn + f"{line}\n".encode()
        with self._opened() as file:
            while rest:
                while not _can_write(file):  # noqa: ASYNC110 - another process reads, and sets no event
                    await anyio.sleep(_PAUSE)
                # In a thread that may be left behind: another writer can fill the pipe just now.
                count = await anyio.to_thread.run_sync(os.write, file, rest[:_PIECE], abandon_on_cancel=True)
                rest = rest[count:]
                self._torn = bool(rest)
        self._head = head


@contextmanager
def _stderr() -> Iterator[int]:
    try:
        # The descriptor itself: the stream above it would wait for its reader.
        file = sys.stderr.fileno()
    except (ValueError, AttributeError) as closed:
        # ValueError if stderr was closed; AttributeError if the process was started without one, and `sys.stderr` is
        # None.
        raise OSError("stderr is closed") from closed
    yield file


@contextmanager
def _fifo(path: Path) -> Iterator[int]:
    # Without O_NONBLOCK, opening a FIFO waits for a reader; with it, a FIFO without one is an error (fifo(7)).
    file = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        yield file
    finally:
        os.close(file)


def _can_write(file: int) -> bool:
    """Return whether a write would not wait; also if it would fail."""
    # Windows has no poll(), and waits for a full pipe.
    if not hasattr(select, "poll"):
        return True
    poller = select.poll()
    poller.register(file, select.POLLOUT)
    return bool(poller.poll(0))


class HttpSink:
    """Posts each line as `application/json`; any 2xx means that it is stored."""

    def __init__(self, url: str, key: bytes | None) -> None:
        self._url = url
        self._key = key
        self._head = Head(secrets.token_hex(4))

    async def append(self, facts: dict[str, Any]) -> None:
        """Send one line. After a failure it is unknown whether it was stored, so a new chain begins."""
        import httpx  # noqa: PLC0415 - on first use, to start fast

        from ci_mcp_kit.http_client_factory import http_client  # noqa: PLC0415 - likewise

        line, head = link(facts, self._head, self._key)
        self._head = Head(secrets.token_hex(4))
        headers = {"Content-Type": "application/json"}
        try:
            # The body of the answer is not read: it may never end.
            async with (
                http_client(self._url) as client,
                client.stream("POST", self._url, content=line, headers=headers) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as broken:
            raise OSError(f"the collector cannot be reached ({type(broken).__name__})") from broken
        if not httpx.codes.is_success(status):
            raise OSError(f"the collector answered {status}")
        self._head = head
