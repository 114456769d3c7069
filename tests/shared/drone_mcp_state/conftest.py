from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drone_mcp_state import BuildStateStore, open_store

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Every store in turn."""
    if request.param == "memory":
        return "memory:"
    return f"sqlite://{tmp_path}/state.db"


@pytest.fixture
async def store(url: str) -> AsyncGenerator[BuildStateStore]:
    async with open_store(url) as opened:
        yield opened
