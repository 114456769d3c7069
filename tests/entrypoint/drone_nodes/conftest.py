"""A person's desk for the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.nodes_desk import Desk

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "desk"
    folder.mkdir()
    return Desk(folder)
