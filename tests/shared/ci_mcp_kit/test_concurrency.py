"""Several calls at once: what ends, what is cancelled, and which error the caller gets."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from ci_mcp_kit.background import BackgroundTask, BackgroundThread, running
from ci_mcp_kit.concurrency import run_all, run_until_first

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def failing(text: str, after: anyio.Event | None = None) -> Callable[[], Coroutine[Any, Any, None]]:
    async def fail() -> None:
        if after is not None:
            await after.wait()
        raise ValueError(text)

    return fail


async def test_of_calls_that_run_at_once_each_ends_and_the_first_error_is_raised_as_it_is() -> None:
    go, ended = anyio.Event(), anyio.Event()

    async def end_late() -> None:
        await go.wait()
        ended.set()

    async def let_go() -> None:
        go.set()

    with pytest.raises(ValueError, match="first"):
        await run_all(failing("first"), end_late, failing("second", go), let_go)
    assert ended.is_set()


async def test_the_first_call_that_ends_ends_the_others() -> None:
    cancelled = anyio.Event()

    async def run_for_ever() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()

    await run_until_first(run_for_ever, anyio.Event().wait, anyio.lowlevel.checkpoint)
    assert cancelled.is_set()


async def test_the_error_of_the_first_call_that_ends_is_raised_as_it_is() -> None:
    with pytest.raises(ValueError, match="broken"):
        await run_until_first(anyio.sleep_forever, failing("broken"))


async def test_a_task_in_the_background_may_wait_while_it_is_stopped_even_by_a_cancelled_caller() -> None:
    begun, cleaned_up = anyio.Event(), anyio.Event()

    async def work() -> None:
        try:
            begun.set()
            await anyio.sleep_forever()
        finally:
            await anyio.lowlevel.checkpoint()
            cleaned_up.set()

    task = BackgroundTask(work)
    await begun.wait()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await task.stop()
    assert task.is_done
    assert cleaned_up.is_set()


async def test_a_fault_in_the_background_is_reported_and_ends_nothing_else() -> None:
    faults: list[BaseException] = []
    async with running(failing("broken"), on_fault=faults.append) as task:
        await task.wait()
        await anyio.lowlevel.checkpoint()
    assert [str(fault) for fault in faults] == ["broken"]


async def test_calls_in_a_thread_of_their_own_run_one_after_another_even_if_a_caller_leaves() -> None:
    thread = BackgroundThread("test")
    order: list[str] = []
    go = anyio.Event()
    release = threading.Event()

    def first() -> None:
        release.wait()
        order.append("first")

    async def call_first() -> None:
        go.set()
        await thread.run(first)

    async with anyio.create_task_group() as group:
        group.start_soon(call_first)
        await go.wait()
        await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    async with anyio.create_task_group() as group:
        group.start_soon(thread.run, order.append, "second")
        release.set()
    thread.end()
    assert order == ["first", "second"]
