"""Reads and writes files of a service, inside its own folder only.

What runs in the service's containers may write to that folder, so each path is a stranger's: a symbolic link can appear
at any moment. Every folder on the way is opened relative to the descriptor of the one above it, and without following
links, so no check can be overtaken by a change (openat(2), O_NOFOLLOW).
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput, NotFound, ServiceFailed
from drone_mcp_node_agent.auth.callers import SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVICE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
LONGEST_PATH: Final = 1024
DEEPEST: Final = 32
PERMISSIONS: Final = 0o777  # no set-user-ID, set-group-ID or sticky bit
NEW_MODE: Final = 0o644
FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO is not waited for


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a service."""

    content: bytes
    mode: int

    @property
    def sha256(self) -> str:
        """The SHA-256 of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def split(path: str) -> list[str]:
    """Return the names in a relative path.

    Raises:
        InvalidInput: the path is absolute, has a `..`, or names no file.
    """
    if path.startswith("/"):
        raise InvalidInput(f"The path {path!r} is absolute: name a file inside the service's folder", service=SERVICE)
    names = path.split("/")
    if ".." in names:
        raise InvalidInput(f"The path {path!r} leaves the service's folder: it may have no ..", service=SERVICE)
    if len(path) > LONGEST_PATH or len(names) > DEEPEST:
        raise InvalidInput(
            f"The path is too long: at most {LONGEST_PATH} characters and {DEEPEST} names", service=SERVICE
        )
    if not all(name and name != "." and "\0" not in name for name in names):
        raise InvalidInput(f"The path {path!r} is not a valid file path, such as conf/app.toml", service=SERVICE)
    return names


class ServiceFolders:
    """The folders of all services, `/srv` by default.

    Args:
        root: the folder above them.
        largest: bytes that a file may have.
    """

    def __init__(self, root: Path, largest: int) -> None:
        self._root = root
        self._largest = largest

    def push(self, service: str, path: str, file: StoredFile) -> bool:
        """Write a file as a whole, with the folders above it; return whether that changed anything.

        Mode 0 keeps the mode of an existing file. An existing file keeps its owner in any case.

        Raises:
            InvalidInput: the path leaves the folder or leads over a symbolic link, or the file is too large.
        """
        *folders, name = split(path)
        if file.mode & ~PERMISSIONS:
            raise InvalidInput(f"The mode {file.mode:o} is refused: use 777 or less", service=SERVICE)
        if len(file.content) > self._largest:
            raise InvalidInput(f"The file is too large: at most {self._largest} bytes", service=SERVICE)
        with _named_errors(path), self._opened(service, folders, make=True) as folder:
            old = _status(folder, name)
            mode = file.mode or (stat.S_IMODE(old.st_mode) & PERMISSIONS if old else NEW_MODE)
            if old and stat.S_IMODE(old.st_mode) == mode and self._read(folder, name).content == file.content:
                return False
            _replace(folder, name, file.content, mode, old)
            return True

    def pull(self, service: str, path: str) -> StoredFile:
        """Return a file.

        Raises:
            InvalidInput: the path leaves the folder or leads over a symbolic link, or the file is too large.
            NotFound: there is no such file.
        """
        *folders, name = split(path)
        with _named_errors(path), self._opened(service, folders, make=False) as folder:
            return self._read(folder, name)

    @contextmanager
    def _opened(self, service: str, folders: list[str], *, make: bool) -> Iterator[int]:
        """Open the innermost of the folders."""
        if not SERVICE_NAME.fullmatch(service):
            raise InvalidInput(f"{service!r} is not a valid service name", service=SERVICE)
        current = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in (service, *folders):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, 0o755, dir_fd=current)
                inner = os.open(name, FOLDER, dir_fd=current)
                os.close(current)
                current = inner
            yield current
        finally:
            os.close(current)

    def _read(self, folder: int, name: str) -> StoredFile:
        with os.fdopen(os.open(name, FILE, dir_fd=folder), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise InvalidInput(f"{name!r} is not a regular file", service=SERVICE)
            content = file.read(self._largest + 1)
        if len(content) > self._largest:
            raise InvalidInput(f"The file is larger than {self._largest} bytes", service=SERVICE)
        return StoredFile(content, stat.S_IMODE(mode) & PERMISSIONS)


def _status(folder: int, name: str) -> os.stat_result | None:
    """Return the status of a regular file; None if there is no file.

    Raises:
        InvalidInput: something else has the name.
    """
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInput(f"{name!r} is not a regular file", service=SERVICE)
    return status


def _replace(folder: int, name: str, content: bytes, mode: int, old: os.stat_result | None) -> None:
    """Write a new file next to the old one, and rename it over that, so that readers see one of them whole."""
    new = f".{secrets.token_hex(8)}.tmp"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if old:
                os.fchown(file.fileno(), old.st_uid, old.st_gid)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(new, dir_fd=folder)
        raise


@contextmanager
def _named_errors(path: str) -> Iterator[None]:
    """Turn errors of the system into those of a caller."""
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"There is no file {path!r} in the service's folder", service=SERVICE) from None
    except OSError as error:
        # A link is ELOOP for a file, and ENOTDIR for a folder (open(2), O_NOFOLLOW and O_DIRECTORY).
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            raise InvalidInput(
                f"The path {path!r} leads over a symbolic link or a file: name the file itself", service=SERVICE
            ) from None
        if error.errno in {errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL}:
            raise InvalidInput(f"The path {path!r} cannot be a file: {error.strerror}", service=SERVICE) from None
        raise ServiceFailed(
            f"The file {path!r} cannot be used: {error.strerror}",
            next_step="Check the service's folder on the node",
            service=SERVICE,
        ) from error
