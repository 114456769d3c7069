"""Snapshots in git: UPDATE_SNAPSHOTS=1 rewrites them; read their diff."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def hold(path: Path, text: str) -> None:
    """Hold `text` against the file."""
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing: UPDATE_SNAPSHOTS=1 writes it"
    assert path.read_text(encoding="utf-8") == text, f"{path.name} is stale: UPDATE_SNAPSHOTS=1, then read its diff"
