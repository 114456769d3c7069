"""One event loop for all tests of a module."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
async def event_loop_of_module(anyio_backend: str) -> str:
    """Keep the loop open: gRPC hands the last events of a cancelled call to its loop after the channel is closed."""
    return anyio_backend
