"""Parts of a process that work in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from ci_mcp_kit import background
from ci_mcp_kit.background import BackgroundTask, keep_running, running
from support.patience import PATIENCE

if TYPE_CHECKING:
    import pytest


async def test_a_part_that_fails_or_ends_begins_anew_and_is_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "RESTART_SECONDS", 0)
    begun, faults, works = 0, 0, anyio.Event()

    async def part() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise RuntimeError("of whatever kind")
        if begun == 2:
            return
        works.set()
        await anyio.sleep_forever()

    def count() -> None:
        nonlocal faults
        faults += 1

    async with running(keep_running, "A part", part, count):
        with anyio.fail_after(PATIENCE):
            await works.wait()
    assert (begun, faults) == (3, 1)
    assert "A part has failed, and starts again" in caplog.text


async def test_a_fault_that_nobody_waits_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise RuntimeError("of whatever kind")

    task = BackgroundTask(fail)
    with anyio.fail_after(PATIENCE):
        await task.wait()
        await anyio.lowlevel.checkpoint()  # the task is done before its fault is reported
    assert [record.exc_info[1].args for record in caplog.records if record.exc_info] == [("of whatever kind",)]  # type: ignore[union-attr]  # a fault is there
