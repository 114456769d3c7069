"""The webhook secrets: from a variable, or from a file that is reread when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def split_keys(text: str) -> tuple[bytes, ...]:
    """Split comma-separated secrets. Several are valid at once while a secret is being rotated."""
    return tuple(part.strip().encode() for part in text.split(",") if part.strip())


class FixedKeys:
    """Secrets that never change."""

    def __init__(self, text: str) -> None:
        self._keys = split_keys(text)

    def current(self) -> tuple[bytes, ...]:
        """Return the secrets that are valid now."""
        return self._keys

    def __repr__(self) -> str:
        return "FixedKeys(****)"


class FileKeys:
    """Secrets in a file. While a changed file is empty or cannot be read, the previous secrets stay valid."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._keys: tuple[bytes, ...] = ()

    def current(self) -> tuple[bytes, ...]:
        """Return the secrets that are valid now."""
        try:
            found = self._path.stat()
            # The inode as well: a replacement of the same size can come within the resolution of the time.
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self._stamp:
                # `or`: while a file is written it can be empty, and no key would mean that every delivery is refused.
                self._keys = split_keys(self._path.read_text(encoding="utf-8")) or self._keys
                self._stamp = stamp
        except (OSError, UnicodeDecodeError):
            pass  # the file is being replaced; the next delivery reads it again
        return self._keys

    def __repr__(self) -> str:
        return f"FileKeys({str(self._path)!r})"
