"""Reads files that hold one secret and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 4096  # bytes; a larger file holds no token


def read_secret(path: Path) -> str | None:
    """Return the current text of a file, without white space around it; None if it cannot be a secret.

    It is None for a file that cannot be read, is no regular file, is too large, empty or not ASCII. The text may still
    be no usable token; it is redacted all the same.
    """
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return text or None
