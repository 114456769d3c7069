"""What tests of every server use; each has a `connect` of its own, which starts the server and connects a client."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest
import respx

from support.agent import SERVER, Agent
from support.store_fixtures import own_redis, state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = ["own_redis", "state"]  # fixtures

MARK_BYTES = 4


@pytest.fixture
async def agent(connect: Any) -> AsyncIterator[Agent]:
    """A connected client, with the ordinary settings."""
    async with connect() as agent:
        yield agent


@pytest.fixture
def drone() -> Iterator[respx.MockRouter]:
    """The Drone that is asked; a request that no test expects fails, and so does an answer that none asks for."""
    # Apart, so that tests count the requests of tools alone: the token's check is sent once by each process.
    user = {"id": 1, "login": "octocat", "active": True}
    with (
        respx.mock(base_url=SERVER, assert_all_called=False) as known,
        respx.mock(base_url=SERVER, assert_all_called=True) as router,
    ):
        known.get("/api/user").respond(json=user)
        yield router


@pytest.fixture
def same_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the same marks around all logs; other random numbers have more digits, and stay as they are."""
    digits = secrets.token_hex
    monkeypatch.setattr(secrets, "token_hex", lambda size: "1a2b3c4d" if size == MARK_BYTES else digits(size))
