"""Group commit: what arrives while the store writes goes into its next write together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar, cast

import anyio

from ci_mcp_kit.background import BackgroundTask

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Item = TypeVar("Item")
Result = TypeVar("Result")

LARGEST_BATCH = 256  # keeps one write under some ten milliseconds


@dataclass(eq=False)
class _Submission(Generic[Item, Result]):
    item: Item
    settled: anyio.Event = field(default_factory=anyio.Event)
    result: Result | None = None
    error: Exception | None = None


class Batcher(Generic[Item, Result]):
    """Collects items for `write`, one call at a time; every item waits for the call that wrote it.

    A failure of `write` is raised to every item of its batch.
    """

    def __init__(self, write: Callable[[list[Item]], Awaitable[list[Result]]]) -> None:
        self._write = write
        self._pending: list[_Submission[Item, Result]] = []
        self._writing: BackgroundTask | None = None

    async def submit(self, item: Item) -> Result:
        """Have `item` written, and return its result."""
        submission: _Submission[Item, Result] = _Submission(item)
        self._pending.append(submission)
        if self._writing is None:
            # In the background, as the write is for others, too: it goes on if this caller is cancelled.
            self._writing = BackgroundTask(self._write_pending)
        await submission.settled.wait()
        if submission.error is not None:
            raise submission.error
        return cast("Result", submission.result)

    async def drain(self) -> None:
        """Wait until everything submitted is written."""
        if self._writing is not None:
            await self._writing.wait()

    async def _write_pending(self) -> None:
        while self._pending:
            # What is submitted during the write below waits for the next turn of this loop.
            batch, self._pending = self._pending[:LARGEST_BATCH], self._pending[LARGEST_BATCH:]
            try:
                results = await self._write([submission.item for submission in batch])
                for submission, result in zip(batch, results, strict=True):
                    submission.result = result
            except Exception as error:  # noqa: BLE001 - every waiting caller gets it, none is left waiting
                for submission in batch:
                    submission.error = error
            for submission in batch:
                submission.settled.set()
        self._writing = None
