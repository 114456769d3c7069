"""The rules that hold for every store."""

from __future__ import annotations

import asyncio
from functools import reduce
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drone_mcp_client.models import Build, Repo, Stage
from drone_mcp_state import BuildStateStore, FeedHealth, StoreUrlInvalid, Transition, merge, open_store, write_snapshot
from support.captured_builds import histories
from support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_state import Changes

HISTORIES = histories()
END = {number: reduce(merge, seen[1:], merge(None, seen[0])) for number, seen in HISTORIES.items()}
SLUG = "octo/pub"


def build(number: int = 7, **fields: Any) -> Build:
    return Build.model_validate({"id": number, "number": number, "status": "pending", "version": 1} | fields)


RUNNING = build(status="running", version=2, stages=[Stage(number=1, name="test", status="running", version=3)])
FAILED = build(status="failure", version=3, stages=[Stage(number=1, name="test", status="failure", version=4)])


async def apply(store: BuildStateStore, *builds: Build, slug: str = SLUG, at: float = 1000) -> None:
    for seen in builds:
        await store.apply(slug, seen, source="webhook", at=at)


def numbers(changes: Changes) -> list[int]:
    return [change.number for change in changes.items]


async def test_a_build_is_read_as_it_was_told(store: BuildStateStore) -> None:
    history = HISTORIES[3]
    await apply(store, *history)
    record = await store.get(SLUG, 3)
    assert record is not None
    assert record.build == merge(history[-2], history[-1])
    assert (record.source, record.seen_at, record.slug) == ("webhook", 1000, SLUG)


async def test_what_nobody_told_is_not_there(store: BuildStateStore) -> None:
    await apply(store, build(7))
    assert await store.get(SLUG, 8) is None
    assert await store.get("octo/priv", 7) is None
    assert await store.latest("octo/priv") is None
    assert await store.latest(SLUG, "main") is None


async def test_a_change_says_what_changed_and_a_repetition_says_nothing(store: BuildStateStore) -> None:
    await apply(store, RUNNING)
    change = await store.apply(SLUG, FAILED, source="api", at=1001)
    assert change is not None
    assert (change.slug, change.number, change.status, change.source, change.at) == (SLUG, 7, "failure", "api", 1001)
    assert change.transitions == (
        Transition(0, 0, "", "running", "failure"),
        Transition(1, 0, "test", "running", "failure"),
    )
    assert await store.apply(SLUG, FAILED, source="webhook", at=1002) is None
    assert await store.apply(SLUG, RUNNING, source="webhook", at=1003) is None


async def test_a_confirmation_makes_a_record_fresher_and_an_old_one_does_not(store: BuildStateStore) -> None:
    await store.apply(SLUG, RUNNING, source="webhook", at=1000)
    await store.apply(SLUG, RUNNING, source="api", at=1010)
    await store.apply(SLUG, RUNNING, source="webhook", at=990)
    record = await store.get(SLUG, 7)
    assert record is not None
    assert (record.seen_at, record.source) == (1010, "api")


async def test_a_snapshot_without_stages_does_not_make_those_fresher_that_are_known(store: BuildStateStore) -> None:
    await store.apply(SLUG, RUNNING, source="webhook", at=1000)
    await store.apply(SLUG, RUNNING.model_copy(update={"stages": ()}), source="reconciler", at=1010)
    await store.apply(SLUG, FAILED.model_copy(update={"stages": ()}), source="reconciler", at=1020)
    record = await store.get(SLUG, 7)
    assert record is not None
    assert (record.seen_at, record.build.status, record.build.stages) == (1000, "failure", RUNNING.stages)


async def test_latest_is_the_highest_number_of_the_branch_as_drone_means_it(store: BuildStateStore) -> None:
    await apply(
        store,
        build(9, ref="refs/heads/main"),
        build(10, ref="refs/heads/dev"),
        build(11, ref="refs/pull/1/head", target="main"),
        build(8, ref="refs/heads/main"),
    )
    found = [await store.latest(SLUG), await store.latest(SLUG, "main"), await store.latest(SLUG, "dev")]
    assert [record and record.build.number for record in found] == [11, 9, 10]


async def test_newest_lists_the_highest_numbers_of_a_repository_whatever_their_order(store: BuildStateStore) -> None:
    await apply(store, build(9), build(11, status="success"), build(10), build(4))
    await apply(store, build(12), slug="octo/priv")
    found = await store.newest(SLUG, 3)
    assert [(record.slug, record.build.number) for record in found] == [(SLUG, 11), (SLUG, 10), (SLUG, 9)]
    assert len(await store.newest(SLUG, 50)) == 4
    assert await store.newest("octo/none", 3) == ()


async def test_unfinished_lists_what_still_moves_newest_first(store: BuildStateStore) -> None:
    await apply(store, build(1, created=10), build(2, created=20, status="success"), build(3, created=30), FAILED)
    await apply(store, build(1, created=40), slug="octo/priv")
    found = await store.unfinished()
    assert [(record.slug, record.build.number) for record in found] == [("octo/priv", 1), (SLUG, 3), (SLUG, 1)]
    assert len(await store.unfinished(limit=2)) == 2


async def test_records_walks_through_all_builds(store: BuildStateStore) -> None:
    await apply(store, *(build(number) for number in range(1, 250)))
    await apply(store, build(1), slug="octo/priv")
    found = [(record.slug, record.build.number) async for record in store.records()]
    assert sorted(found) == [("octo/priv", 1), *((SLUG, number) for number in range(1, 250))]


async def test_changes_begin_after_the_cursor_and_the_answer_continues(store: BuildStateStore) -> None:
    start = await store.cursor()
    await apply(store, build(1), build(2))
    first = await store.changes(start)
    await apply(store, build(3))
    then = await store.changes(first.cursor)
    assert (numbers(first), numbers(then), first.complete) == ([1, 2], [3], True)
    assert not await store.changes(then.cursor)
    assert await store.cursor() == then.cursor


async def test_changes_can_be_of_one_repository_or_one_build(store: BuildStateStore) -> None:
    start = await store.cursor()
    await apply(store, build(1), build(2))
    await apply(store, build(1), slug="octo/priv")
    assert numbers(await store.changes(start, SLUG)) == [1, 2]
    assert numbers(await store.changes(start, SLUG, 2)) == [2]
    assert numbers(await store.changes(start, "octo/other")) == []


async def test_a_record_carries_the_cursor_of_its_last_change(store: BuildStateStore) -> None:
    await apply(store, RUNNING, build(8))
    record = await store.get(SLUG, 7)
    assert record is not None
    assert not await store.changes(record.cursor, SLUG, 7)
    await apply(store, FAILED)
    assert numbers(await store.changes(record.cursor, SLUG, 7)) == [7]


@pytest.mark.parametrize("cursor", ["", "nonsense", "0123abcd.5", "x.y.z", ".", "0123abcd.99999999999999999999"])
async def test_a_foreign_cursor_means_that_anything_may_have_changed(store: BuildStateStore, cursor: str) -> None:
    await apply(store, build(1))
    found = await store.changes(cursor)
    assert found
    assert not found.complete
    assert not await store.changes(found.cursor)


async def test_waiting_returns_at_once_what_is_already_newer(store: BuildStateStore) -> None:
    start = await store.cursor()
    await apply(store, RUNNING)
    found = await store.wait(SLUG, 7, start, timeout=60)
    assert numbers(found) == [7]


async def test_a_waiter_is_woken_by_its_own_build_only(store: BuildStateStore) -> None:
    await apply(store, RUNNING)
    start = await store.cursor()
    waiting = asyncio.create_task(store.wait(SLUG, 7, start, timeout=60))
    await apply(store, build(8))
    await apply(store, FAILED)
    found = await asyncio.wait_for(waiting, 10)
    assert [(change.number, change.status) for change in found.items] == [(7, "failure")]


async def test_a_waiter_for_any_build_is_woken_by_those_of_its_repository_only(store: BuildStateStore) -> None:
    await apply(store, RUNNING)
    start = await store.cursor()
    waiting = asyncio.create_task(store.wait(SLUG, None, start, timeout=60))
    await apply(store, build(8), slug="octo/priv")
    await apply(store, build(9))
    found = await asyncio.wait_for(waiting, 10)
    assert [(change.slug, change.number) for change in found.items] == [(SLUG, 9)]


async def test_waiting_in_vain_ends_with_a_false_answer_and_a_cursor_to_go_on_with(store: BuildStateStore) -> None:
    await apply(store, RUNNING)
    found = await store.wait(SLUG, 7, await store.cursor(), timeout=0)
    assert not found
    await apply(store, FAILED)
    assert numbers(await store.wait(SLUG, 7, found.cursor, timeout=60)) == [7]


async def test_many_wait_at_once_and_all_are_woken(store: BuildStateStore) -> None:
    await apply(store, RUNNING)
    start = await store.cursor()
    waiting = [asyncio.create_task(store.wait(SLUG, 7, start, timeout=60)) for _ in range(20)]
    await apply(store, FAILED)
    found = await asyncio.wait_for(asyncio.gather(*waiting), PATIENCE)
    assert [numbers(changes) for changes in found] == [[7]] * 20


async def test_health_knows_the_last_event_and_the_last_comparison(store: BuildStateStore) -> None:
    assert await store.health() == FeedHealth()
    await apply(store, RUNNING, at=1000)
    await store.apply(SLUG, FAILED, source="api", at=1100)
    assert await store.health() == FeedHealth(last_event=1000)
    await store.record_event(1200)
    await store.record_event(1150)
    await store.record_reconciliation(1300)
    assert await store.health() == FeedHealth(last_event=1200, last_reconciliation=1300)
    await store.record_reconciliation(1400, missed=2)
    await store.record_reconciliation(1500)
    assert await store.health() == FeedHealth(last_event=1200, last_reconciliation=1500, last_gap=1400)


async def test_repositories_are_known_from_builds_and_news_until_disabled(store: BuildStateStore) -> None:
    def repo(name: str, version: int, *, active: bool) -> Repo:
        return Repo(id=1, namespace="octo", name=name, slug=f"octo/{name}", version=version, active=active)

    await apply(store, build(1))
    await store.apply_repo(repo("new", 2, active=True), at=1000)
    await store.apply_repo(repo("gone", 5, active=False), at=1000)
    await store.apply_repo(repo("gone", 4, active=True), at=1000)
    assert await store.repos() == ("octo/new", SLUG)
    await store.apply_repo(repo("gone", 6, active=True), at=2000)
    assert await store.repos() == ("octo/gone", "octo/new", SLUG)
    assert (await store.health()).last_event == 2000


async def test_retention_keeps_the_newest_of_each_repository_and_what_still_moves(store: BuildStateStore) -> None:
    finished = [build(number, created=1000 + number, status="success", version=3) for number in range(1, 6)]
    await apply(store, *finished, build(6, created=5), build(7, created=1007))
    await apply(store, *finished, build(1, created=1001, status="running", version=1), slug="octo/priv")
    assert await store.retain(builds_per_repo=2, newer_than=100) == 1 + 4 + 3
    left = sorted([(record.slug, record.build.number) async for record in store.records()])
    assert left == [("octo/priv", 4), ("octo/priv", 5), (SLUG, 5), (SLUG, 7)]
    assert (await store.latest(SLUG, None)) is not None


async def test_a_snapshot_is_a_store_with_the_same_builds(store: BuildStateStore, tmp_path: Path) -> None:
    await apply(store, *(seen for history in HISTORIES.values() for seen in history))
    await write_snapshot(store, tmp_path / "copy.db")
    expected = {(record.slug, record.build.number): record.build async for record in store.records()}
    async with open_store(f"sqlite://{tmp_path}/copy.db") as copy:
        found = {(record.slug, record.build.number): record.build async for record in copy.records()}
        assert not (await copy.changes(await store.cursor())).complete
    assert found == expected


async def test_a_copy_can_be_merged_into_a_store_that_has_moved_on(store: BuildStateStore, tmp_path: Path) -> None:
    await apply(store, RUNNING, build(8))
    await write_snapshot(store, tmp_path / "copy.db")
    await apply(store, FAILED)
    async with open_store(f"sqlite://{tmp_path}/copy.db") as copy:
        assert await store.take(copy) == 2
    record = await store.get(SLUG, 7)
    assert record is not None
    assert record.build == FAILED


@pytest.mark.parametrize("url", ["", "state.db", "sqlite:state.db", "postgres://x/y", "memory:x", "sqlite://state.db"])
async def test_an_address_that_names_no_store_is_refused_with_those_that_do(url: str) -> None:
    with pytest.raises(StoreUrlInvalid, match="memory:, sqlite:///path/to/file or redis://"):
        async with open_store(url):
            pass


async def test_a_refused_address_is_not_repeated_since_it_may_hold_a_password() -> None:
    with pytest.raises(StoreUrlInvalid) as refused:
        async with open_store("postgres://me:hunter2@db/state"):
            pass
    assert "hunter2" not in str(refused.value)


@st.composite
def lossy(draw: st.DrawFn) -> list[Build]:
    """All that Drone said of some builds, with any but the last lost, some doubled, and all of it reordered."""
    reported = []
    for number in draw(st.lists(st.sampled_from(sorted(HISTORIES)), min_size=1, max_size=4, unique=True)):
        reported += [*draw(st.lists(st.sampled_from(HISTORIES[number]))), END[number]]
    return draw(st.permutations(reported))


@given(reported=lossy())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_lost_doubled_and_reordered_snapshots_end_in_the_state_of_the_ordered_sequence(
    url: str, reported: list[Build]
) -> None:
    # The store is the same for all examples: the builds of an earlier one must not matter either.
    async def replay() -> None:
        async with open_store(url) as store:
            await asyncio.gather(*(store.apply(SLUG, seen, source="webhook", at=1000) for seen in reported))
            for number in {seen.number for seen in reported}:
                record = await store.get(SLUG, number)
                assert record is not None
                assert record.build == END[number]

    asyncio.run(replay())
