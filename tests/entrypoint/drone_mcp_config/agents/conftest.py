"""A repository in which an agent works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.agent_git import World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)
