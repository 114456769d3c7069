from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.issues_desk import issues_desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.issues_desk import IssuesDesk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[IssuesDesk]:
    """An agent before the server, which may write."""
    async with issues_desk(tmp_path) as opened:
        yield opened
