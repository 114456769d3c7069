"""Writes audit lines to a file, stderr or an HTTP collector. `append` stores the line or raises OSError.

Several processes can share a file: a lock on it makes their lines one chain. Stderr and a collector get one chain from
each process.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import anyio.to_thread

from ci_mcp_kit.guard.chain import BrokenLine, Head, link, read

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_LINE: Final = 64 * 1024  # bytes that are read from the end of a file, to find its last line
PATIENCE: Final = 10.0  # seconds that a collector gets to answer; the change waits for it


class Sink(Protocol):
    """Takes audit lines."""

    async def append(self, facts: dict[str, Any]) -> None:
        """Store the complete line of `facts`, or raise OSError."""


def sink_of(where: str, key: bytes | None) -> Sink:
    """Return the sink that DRONE_MCP_AUDIT_LOG names."""
    if where == "stderr":
        return StderrSink(key)
    if where.startswith(("http://", "https://")):
        return HttpSink(where, key)
    return FileSink(Path(where), key)


def head_path(path: Path) -> Path:
    """Return the path of the head of an audit file."""
    return path.with_name(f"{path.name}.head")


class FileSink:
    """Appends to a file that only its owner can read, and waits until the disk has it."""

    def __init__(self, path: Path, key: bytes | None) -> None:
        self._path = path
        self._key = key

    async def append(self, facts: dict[str, Any]) -> None:
        """Write one line."""
        # In a thread: the lock waits for other processes, and fsync() for the disk.
        await anyio.to_thread.run_sync(self._append, facts)

    def _append(self, facts: dict[str, Any]) -> None:
        with self._locked() as file:
            line, head = link(facts, self._end(file), self._key)
            _write_whole(file, f"{line}\n".encode())
            # The head after the line: if the process ends in between, the file is ahead of its head, which `_end`
            # allows. A head that is ahead of its file means lost lines.
            self._keep(head)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # Windows has no flock(): there each process needs a file of its own.
            if sys.platform != "win32":
                fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            # This releases the lock, too (flock(2)).
            os.close(file)

    def _end(self, file: int) -> Head:
        """Return the head that the last line makes, after a comparison with the one that is kept next to the file."""
        size = os.fstat(file).st_size
        kept = self._kept()
        if not size:
            head = Head(secrets.token_hex(4))
        else:
            os.lseek(file, max(0, size - LONGEST_LINE), os.SEEK_SET)
            head = self._last(os.read(file, LONGEST_LINE))
        if kept and (kept.count > head.count or (kept.count == head.count and kept != head)):
            raise OSError(f"{self._path} has lost lines since it was written")
        return head

    def _last(self, tail: bytes) -> Head:
        *_, line, rest = (b"\n" + tail).split(b"\n")
        try:
            if rest:
                raise BrokenLine("it is cut")
            return read(line.decode("ascii"), self._key)[1]
        except ValueError as broken:
            raise OSError(f"the last line of {self._path} cannot be followed: {broken}") from broken

    def _kept(self) -> Head | None:
        try:
            return Head.parse(head_path(self._path).read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise OSError(f"{head_path(self._path)} holds no head") from error

    def _keep(self, head: Head) -> None:
        # Replaced as a whole, so that a crash leaves the old head or the new one, never half of one.
        new = self._path.with_name(f"{self._path.name}.head.new")
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _write_whole(file, f"{head}\n".encode())
        finally:
            os.close(file)
        new.replace(head_path(self._path))


def _write_whole(file: int, data: bytes) -> None:
    """Write all of `data` and flush it to the disk; if that fails, remove the part that was written."""
    size = os.fstat(file).st_size
    try:
        rest = data
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except OSError:
        # Half a line at the end would stop every later append (`_last`).
        with contextlib.suppress(OSError):
            os.ftruncate(file, size)
        raise


class StderrSink:
    """Writes to stderr, between the log's records."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key
        self._head = Head(secrets.token_hex(4))

    async def append(self, facts: dict[str, Any]) -> None:
        """Write one line."""
        line, head = link(facts, self._head, self._key)
        try:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except (ValueError, AttributeError) as closed:
            # ValueError if stderr was closed; AttributeError if the process was started without one, and `sys.stderr`
            # is None.
            raise OSError("stderr is closed") from closed
        self._head = head


class HttpSink:
    """Posts each line as `application/json`; any 2xx means that it is stored."""

    def __init__(self, url: str, key: bytes | None) -> None:
        self._url = url
        self._key = key
        self._head = Head(secrets.token_hex(4))

    async def append(self, facts: dict[str, Any]) -> None:
        """Send one line. After a failure it is unknown whether it was stored, so a new chain begins."""
        import httpx  # noqa: PLC0415 - on first use, to start fast

        from ci_mcp_kit.http_client import http_client  # noqa: PLC0415 - likewise

        line, head = link(facts, self._head, self._key)
        self._head = Head(secrets.token_hex(4))
        try:
            async with http_client(self._url, timeout=PATIENCE) as client:
                answer = await client.post(self._url, content=line, headers={"Content-Type": "application/json"})
        except httpx.HTTPError as broken:
            raise OSError(f"the collector cannot be reached ({type(broken).__name__})") from broken
        if not answer.is_success:
            raise OSError(f"the collector answered {answer.status_code}")
        self._head = head
