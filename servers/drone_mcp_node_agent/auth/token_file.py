"""The token file: names, roles and the SHA-256 of each token, never a token itself.

A token has 256 random bits, so its plain SHA-256 cannot be turned back, and needs neither salt nor a slow hash.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import stat
import tempfile
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import tomlkit
from typing_extensions import override

from ci_mcp_kit.errors import AuthenticationFailed, ServiceFailed
from drone_mcp_node_agent.auth.callers import SERVICE, Authenticator, Caller, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.@-]{0,62}")
HEADER: Final = "# Written by `drone-nodes-agent token`. It holds hashes; a token is shown once, when it is added."
WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


class TokenFileError(Exception):
    """The token file cannot be used; its text is for the user."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A token of the file."""

    caller: Caller
    sha256: str

    def expired(self, now: datetime) -> bool:
        """Return whether the token has expired."""
        return self.caller.expires is not None and self.caller.expires <= now


def digest(token: str) -> str:
    """Return the SHA-256 of a token, in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_tokens(path: Path) -> list[Entry]:
    """Return the entries of a token file.

    Raises:
        TokenFileError: it cannot be read or is wrong, or others than its owner can write it.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TokenFileError(
            f"{path}: {error.strerror}. Add a token with `drone-nodes-agent token add NAME --role reader`."
        ) from None
    if mode & WRITABLE_BY_OTHERS:
        raise TokenFileError(f"{path}: others than its owner can write it. Run: chmod 600 {path}")
    try:
        entries = [_entry(table) for table in tomllib.loads(text).get("token", [])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TokenFileError(f"{path}: {error}. Each [[token]] has name, roles, sha256 and expires.") from None
    names = [entry.caller.name for entry in entries]
    if twice := {name for name in names if names.count(name) > 1}:
        raise TokenFileError(f"{path}: two tokens have the name {min(twice)}. Give each token a name of its own.")
    return entries


def _entry(table: dict[str, Any]) -> Entry:
    expires = table.get("expires")
    if expires is not None and (not isinstance(expires, datetime) or expires.tzinfo is None):
        raise ValueError(f"expires of {table['name']} is not a time with a zone, such as 2027-01-31T00:00:00Z")
    if not re.fullmatch(r"[0-9a-f]{64}", table["sha256"]):
        raise ValueError(f"sha256 of {table['name']} is not a SHA-256")
    caller = Caller(str(table["name"]), frozenset(Role(role) for role in table["roles"]), expires)
    return Entry(caller, table["sha256"])


def add_token(path: Path, name: str, role: Role, expires: datetime | None) -> str:
    """Add a token with a new name to a file, which is created if it is missing, and return the token.

    Raises:
        TokenFileError: the file is wrong, or the name is.
    """
    if not NAME.fullmatch(name):
        raise TokenFileError(f"{name!r} is not a valid token name: use small letters, digits and . _ @ - (at most 63)")
    token = f"nodes_{secrets.token_urlsafe(32)}"
    with _changing(path) as entries:
        if any(entry.caller.name == name for entry in entries):
            raise TokenFileError(f"{path}: there is a token {name} already. Remove it first, or choose another name.")
        entries.append(Entry(Caller(name, frozenset({role}), expires), digest(token)))
    return token


def remove_token(path: Path, name: str) -> None:
    """Remove a token from a file. A running daemon refuses it from then on.

    Raises:
        TokenFileError: the file is wrong, or has no token with this name.
    """
    with _changing(path) as entries:
        kept = [entry for entry in entries if entry.caller.name != name]
        if len(kept) == len(entries):
            raise TokenFileError(f"{path}: there is no token {name}. List them with `drone-nodes-agent token list`.")
        entries[:] = kept


@contextmanager
def _changing(path: Path) -> Iterator[list[Entry]]:
    """Give the entries of a file to change, one process at a time, and replace the file afterwards."""
    try:
        with path.with_name(f".{path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries = read_tokens(path) if path.exists() else []
            yield entries
            tables = [
                {
                    "name": entry.caller.name,
                    "roles": sorted(entry.caller.roles),
                    "sha256": entry.sha256,
                    **({"expires": entry.caller.expires} if entry.caller.expires else {}),
                }
                for entry in entries
            ]
            _replace(path, f"{HEADER}\n\n{tomlkit.dumps({'token': tables})}")
    except OSError as error:
        raise TokenFileError(f"{path}: {error.strerror}. Create its folder, or run this as root.") from None


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


class TokenFile(Authenticator):
    """Validates tokens by a token file, which is read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._by_digest: dict[str, Entry] = {}

    @override
    async def authenticate(self, token: str) -> Caller:
        self._refresh()
        entry = self._by_digest.get(digest(token))
        if entry is None:
            raise AuthenticationFailed("The node does not know this token", service=SERVICE)
        if entry.expired(datetime.now(UTC)):
            raise AuthenticationFailed(f"The token {entry.caller.name} has expired", service=SERVICE)
        return entry.caller

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen != self._seen:
                self._by_digest = {entry.sha256: entry for entry in read_tokens(self._path)}
                self._seen = seen
        except (OSError, TokenFileError) as error:
            self._seen, self._by_digest = None, {}  # without a readable file, no token is valid
            raise ServiceFailed(
                "The node cannot read its token file",
                next_step="Run `drone-nodes-agent check-config` on the node",
                service=SERVICE,
            ) from error
