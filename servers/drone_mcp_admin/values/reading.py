"""Reads the value of a secret from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.variables import Secret

if TYPE_CHECKING:
    from pathlib import Path

LARGEST: Final = 64 * 1024  # bytes; certificates and keys fit, and a file that grows without limit does not


def read_value(path: Path) -> Secret | None:
    """Return the content of a file, without a line end at its end; None if it is no value of a secret.

    It is None for a file that cannot be read, is no regular file, is too large or empty, or is not text in UTF-8.
    """
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        text = path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, ValueError):
        return None
    return Secret(text) if text else None
