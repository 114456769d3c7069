from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drone_mcp_state import BuildStateStore, open_store

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


@pytest.fixture
async def store(url: str) -> AsyncGenerator[BuildStateStore]:
    async with open_store(url) as opened:
        yield opened
