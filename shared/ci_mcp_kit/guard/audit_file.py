"""The audit file: a chain of lines that several processes share, and its head next to it.

Three files: the lines, `FILE.head` with the head, and `FILE.lock`. The lock has a file of its own that only its owner
can open, because every process that may read a file can lock it (flock(2)).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
import tempfile
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import anyio
import anyio.to_thread

from ci_mcp_kit.guard.audit_chain import LONGEST_LINE, BrokenLine, Head, Report, link, read, verify

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_PAUSE: Final = 0.02  # seconds between two looks at a lock
# A user who can write the folder could put a link or a FIFO there: neither is followed or waited for. Windows has no
# such flags.
_PLAINLY: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def head_path(path: Path) -> Path:
    """Return the path of the head of an audit file."""
    return path.with_name(f"{path.name}.head")


def lock_path(path: Path) -> Path:
    """Return the path of the lock of an audit file."""
    return path.with_name(f"{path.name}.lock")


class FileSink:
    """Appends to a file that only its owner can read, and waits until the disk has it."""

    def __init__(self, path: Path, key: bytes | None) -> None:
        self._path = path
        self._key = key

    async def append(self, facts: dict[str, Any]) -> None:
        """Write one line."""
        async with self._locked():
            # In a thread, because fsync() waits for the disk.
            await anyio.to_thread.run_sync(self._append, facts)

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        # Windows has no flock(): there each process needs a file of its own.
        if sys.platform == "win32":
            yield
            return
        with _opened(lock_path(self._path), os.O_RDWR | os.O_CREAT) as lock:  # closing it releases the lock, too
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:  # another process has the lock
                    await anyio.sleep(_PAUSE)
            yield

    def _append(self, facts: dict[str, Any]) -> None:
        with _opened(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT) as file:
            line, head = link(facts, self._end(file), self._key)
            _write_whole(file, f"{line}\n".encode())
            # The head after the line: if the process ends in between, the file is ahead of its head, which `_end`
            # allows. A head that is ahead of its file means lost lines.
            self._keep(head)

    def _end(self, file: int) -> Head:
        """Return the head that the last line makes, after a comparison with the one that is kept next to the file."""
        size = os.fstat(file).st_size
        kept = read_head(self._path)
        if not size:
            head = Head(secrets.token_hex(4))
        else:
            # The longest line, its end, and the end of the line before.
            os.lseek(file, max(0, size - LONGEST_LINE - 2), os.SEEK_SET)
            head = self._last(os.read(file, LONGEST_LINE + 2))
        if kept and not kept.is_before(head):
            raise OSError(f"{self._path} has lost lines since it was written, or is not the file of its head")
        return head

    def _last(self, tail: bytes) -> Head:
        *_, line, rest = (b"\n" + tail).split(b"\n")
        try:
            if rest:
                raise BrokenLine("it is cut")
            return read(line.decode("ascii"), self._key)[1]
        except ValueError as broken:
            raise OSError(f"the last line of {self._path} cannot be followed: {broken}") from broken

    def _keep(self, head: Head) -> None:
        # Replaced as a whole, so that a crash leaves the old head or the new one, never half of one. Under a name that
        # nobody can foresee, and so put a link at (mkstemp: O_EXCL and O_NOFOLLOW, mode 0600).
        file, name = tempfile.mkstemp(prefix=f".{self._path.name}.head.", dir=self._path.parent)
        try:
            try:
                _write_whole(file, f"{head}\n".encode())
            finally:
                os.close(file)
            Path(name).replace(head_path(self._path))
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def read_head(path: Path) -> Head | None:
    """Return the head that is kept next to an audit file, None if there is none.

    Raises:
        OSError: it cannot be read, or is no head.
    """
    kept = head_path(path)
    try:
        with _opened(kept, os.O_RDONLY) as file:
            return Head.parse(os.read(file, LONGEST_LINE).decode("ascii"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise OSError(f"{kept} holds no head") from error


NO_HEAD: Final = (
    "nothing says how many lines there should be (no .head file and no --head): lines may be missing at the end"
)


def verify_file(path: Path, key: bytes | None, noted: Head | None = None, keep: int = 0) -> Report:
    """Check a whole audit file; it is read line by line, as it may be large.

    Args:
        path: of the file.
        key: that its lines were signed with, if they were.
        noted: a head of it that was kept elsewhere.
        keep: of how many of the newest lines the report holds the facts.

    Raises:
        OSError: the file or its head cannot be read.
    """
    # Both, because an append goes by the one next to the file.
    expected = noted, read_head(path)
    cut: list[str] = []
    with path.open("rb") as stream:
        report = verify(_whole_lines(stream, cut), key, *expected, keep=keep)
    unknown = [] if any(expected) else [NO_HEAD]
    return replace(report, problems=(*report.problems, *cut, *unknown))


def _whole_lines(stream: BinaryIO, cut: list[str]) -> Iterator[str]:
    """Yield the lines of a file, of one that is too long only the beginning; `cut` gets a last line without an end."""
    while part := stream.readline(LONGEST_LINE + 2):
        line = part
        while part and not part.endswith(b"\n"):
            part = stream.readline(LONGEST_LINE + 2)
        if not part:
            cut.append("the last line is cut")
            return
        # From bytes, because an append sees them so: a text would lose "\r". One that is not UTF-8 breaks its line, and
        # does not keep the others from being checked.
        yield line.removesuffix(b"\n").decode("utf-8", "surrogateescape")


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    """Open a regular file, created for its owner alone."""
    if path.is_symlink():
        raise OSError(f"{path} is a symbolic link: name the file itself")
    file = os.open(path, flags | _PLAINLY, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(f"{path} is no regular file")
        yield file
    finally:
        os.close(file)


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
