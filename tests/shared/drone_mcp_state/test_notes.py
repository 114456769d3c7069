"""The notes that a store brings along, next to its builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_client.models import Build
from drone_mcp_state import BuildStateStore, open_store
from drone_mcp_state.sqlite_schema import MIGRATIONS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_notes_are_no_builds(store: BuildStateStore) -> None:
    await store.notes.write_note("octo/hello#7", "text", 60, at=1000)
    assert await store.get("octo/hello", 7) is None
    assert [record async for record in store.records()] == []
    assert await store.repos() == ()


async def test_a_claim_leaves_what_another_process_remembers_of_builds_as_it_was(shared_url: str) -> None:
    async with open_store(shared_url) as one, open_store(shared_url) as other:
        await one.apply("octo/hello", Build(number=7, status="running", version=2), source="webhook", at=1000)
        before = await one.cursor()
        await other.notes.claim("call:1", "x", 60, at=1000)
        assert not await one.changes(before)


async def test_a_file_from_before_there_were_notes_gets_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite://{tmp_path}/state.db"
    with monkeypatch.context() as earlier:
        earlier.setattr("drone_mcp_state.sqlite_schema.MIGRATIONS", MIGRATIONS[:1])
        async with open_store(url) as store:
            await store.apply("octo/hello", Build(number=7, status="pending"), source="webhook", at=1000)
    async with open_store(url) as store:
        assert await store.notes.claim("call:1", "x", 60, at=1000) is None
        assert await store.get("octo/hello", 7) is not None
