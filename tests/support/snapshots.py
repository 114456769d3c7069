"""Snapshots in git: UPDATE_SNAPSHOTS=1 rewrites them; read their diff."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def hold(path: Path, text: str) -> None:
    """Hold `text` against the file."""
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing: UPDATE_SNAPSHOTS=1 writes it"
    assert path.read_text(encoding="utf-8") == text, f"{path.name} is stale: UPDATE_SNAPSHOTS=1, then read its diff"


def hold_all(folder: Path, items: Mapping[str, Any]) -> None:
    """Hold every item, as JSON, against the file of its name; `folder` has no other JSON file."""
    for name, item in items.items():
        hold(folder / f"{name}.json", json.dumps(item, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    left_over = sorted({path.stem for path in folder.glob("*.json")} - items.keys())
    assert not left_over, f"{folder} has snapshots of what is not there any more: {', '.join(left_over)}"
