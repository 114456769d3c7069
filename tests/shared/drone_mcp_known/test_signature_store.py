"""Signatures are found again by every process that shares the store, for that very build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_client.models import Build
from drone_mcp_known.known import State
from drone_mcp_known.signature_store import KEPT_SECONDS, Signatures, Signed

if TYPE_CHECKING:
    from pathlib import Path

SLUG = "octo/hello"
SERVER = "https://drone.test"
FAILED = Build(number=7, id=70, status="failure")


async def test_a_signature_is_read_by_others_until_it_runs_out(state: str) -> None:
    now = 1_000.0
    mine, others = State(state, SERVER, lambda: now), State(state, SERVER, lambda: now)
    await Signatures(mine, lambda: now).write(SLUG, FAILED, Signed("0123456789ab", "1/3"))
    await Signatures(mine, lambda: now).write("octo/other", FAILED, Signed("ba9876543210"))
    await Signatures(mine, lambda: now).write("octo/third", FAILED, Signed("ab9876543210", "2/1", head_lost=True))
    reading = Signatures(others, lambda: now)
    assert await reading.read(SLUG, FAILED) == Signed("0123456789ab", "1/3")
    assert await reading.read("octo/other", FAILED) == Signed("ba9876543210")
    assert await reading.read("octo/third", FAILED) == Signed("ab9876543210", "2/1", head_lost=True)
    now += KEPT_SECONDS + 1
    assert await reading.read(SLUG, FAILED) is None
    await mine.close()
    await others.close()


async def test_a_build_that_took_over_a_number_has_no_signature(state: str) -> None:
    store = State(state, SERVER, lambda: 0.0)
    kept = Signatures(store, lambda: 0.0)
    await kept.write(SLUG, FAILED, Signed("0123456789ab"))
    assert await kept.read(SLUG, FAILED.model_copy(update={"id": 71})) is None
    await store.close()


async def test_without_a_shared_store_nothing_is_kept() -> None:
    store = State("memory:", SERVER, lambda: 0.0)
    kept = Signatures(store, lambda: 0.0)
    await kept.write(SLUG, FAILED, Signed("0123456789ab"))
    assert not kept.are_shared
    assert await kept.read(SLUG, FAILED) is None
    await store.close()


async def test_a_store_that_does_not_answer_is_distinguished_from_one_that_knows_nothing(
    tmp_path: Path, state: str
) -> None:
    gone, there = State(f"sqlite://{tmp_path}/none/state.db", SERVER, lambda: 0.0), State(state, SERVER, lambda: 0.0)
    assert not await Signatures(gone, lambda: 0.0).are_readable()
    assert await Signatures(there, lambda: 0.0).are_readable()
    await gone.close()
    await there.close()
