"""Time that a test drives, and the events that are due in it."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_simulator.clock import EPOCH, ManualClock, run_with_timeout
from ci_mcp_simulator.event_queue import Timeline


async def test_sleepers_wake_in_order_of_their_due_times() -> None:
    clock = ManualClock()
    woken: list[float] = []

    async def sleep(seconds: float) -> None:
        await clock.sleep_until(EPOCH + seconds)
        woken.append(seconds)

    async with anyio.create_task_group() as group:
        for seconds in (3.0, 1.0, 2.0):
            group.start_soon(sleep, seconds)
        await anyio.wait_all_tasks_blocked()
        for moment in (1.0, 2.5, 3.0):
            clock.set(EPOCH + moment)
            await anyio.wait_all_tasks_blocked()
    assert woken == [1.0, 2.0, 3.0]


async def test_a_manual_clock_never_runs_backwards() -> None:
    clock = ManualClock()
    clock.set(EPOCH - 1)
    assert clock.now() == EPOCH


async def test_a_sleeper_that_is_cancelled_is_forgotten() -> None:
    clock = ManualClock()
    with anyio.move_on_after(0):
        await clock.sleep_until(EPOCH + 1)
    assert clock.count_sleepers() == 0


async def test_a_call_ends_in_time_or_is_given_up_on_the_same_clock() -> None:
    clock = ManualClock()

    async def answer() -> str:
        await anyio.lowlevel.checkpoint()
        return "done"

    async def advance() -> None:
        await anyio.wait_all_tasks_blocked()
        clock.set(EPOCH + 5)

    assert await run_with_timeout(clock, answer, 5) == "done"
    async with anyio.create_task_group() as group:
        group.start_soon(advance)
        with pytest.raises(TimeoutError):
            await run_with_timeout(clock, anyio.sleep_forever, 5)


@given(st.lists(st.floats(0, 100), max_size=20))
def test_events_run_at_their_due_times_and_may_schedule_further_ones(delays: list[float]) -> None:
    timeline = Timeline(ManualClock())
    ran: list[float] = []
    for delay in delays:
        timeline.after(delay, lambda: timeline.after(1, lambda: ran.append(timeline.now() - EPOCH)))
    while timeline.step(EPOCH + 200):
        pass
    assert ran == pytest.approx(sorted(delay + 1 for delay in delays))
    assert timeline.next_due() is None


def test_an_event_after_the_given_moment_is_left() -> None:
    timeline = Timeline(ManualClock())
    timeline.after(10, lambda: None)
    assert not timeline.step(EPOCH + 9)
    assert timeline.next_due() == EPOCH + 10
