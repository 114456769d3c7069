"""Files that hold a secret and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 4096  # bytes; what is larger is no token


def read_secret(path: Path) -> str | None:
    """Return what a file holds now, without white space around it; None where that can be no secret.

    That is a file that cannot be read, is no regular one, is too large, is empty or is not ASCII. Its text may still
    be no usable token; it is redacted all the same.
    """
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        text = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return text or None
