"""The webhook secrets: given, or in a file that is read again when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def split_keys(text: str) -> tuple[bytes, ...]:
    """Read secrets that commas part; several are good at once while one replaces the other."""
    return tuple(part.strip().encode() for part in text.split(",") if part.strip())


class FixedKeys:
    """Secrets that stay."""

    def __init__(self, text: str) -> None:
        self._keys = split_keys(text)

    def current(self) -> tuple[bytes, ...]:
        """Return the secrets that are good now."""
        return self._keys

    def __repr__(self) -> str:
        return "FixedKeys(****)"


class FileKeys:
    """Secrets in a file. While a changed file cannot be read or is empty, the ones before stay good."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._keys: tuple[bytes, ...] = ()

    def current(self) -> tuple[bytes, ...]:
        """Return the secrets that are good now."""
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self._stamp:
                self._keys = split_keys(self._path.read_text(encoding="utf-8")) or self._keys
                self._stamp = stamp
        except (OSError, UnicodeDecodeError):
            pass  # being replaced; the next delivery looks again
        return self._keys

    def __repr__(self) -> str:
        return f"FileKeys({str(self._path)!r})"
