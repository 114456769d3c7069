"""An actions server behind a real MCP client, before a simulated Drone."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from support.actions_desk import desk

if TYPE_CHECKING:
    from pathlib import Path

At = Callable[..., Any]


@pytest.fixture
def at(tmp_path: Path) -> At:
    """`desk` with its audit file in a folder of the test's own."""
    return functools.partial(desk, tmp_path)
