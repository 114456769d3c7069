"""Group commit: what arrives while the store writes goes into its next write together."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Item = TypeVar("Item")
Result = TypeVar("Result")

LARGEST_BATCH = 256  # keeps one write under some ten milliseconds


class Batcher(Generic[Item, Result]):
    """Collects items for `write`, one call at a time; every item waits for the call that wrote it.

    A failure of `write` is raised to every item of its batch.
    """

    def __init__(self, write: Callable[[list[Item]], Awaitable[list[Result]]]) -> None:
        self._write = write
        self._pending: list[tuple[Item, asyncio.Future[Result]]] = []
        self._pump: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """Have `item` written, and return what `write` said of it."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._pending.append((item, future))
        if self._pump is None:
            self._pump = asyncio.create_task(self._run())
        return await future

    async def drain(self) -> None:
        """Wait until everything submitted is written."""
        if self._pump is not None:
            await asyncio.wait([self._pump])

    async def _run(self) -> None:
        while self._pending:
            batch, self._pending = self._pending[:LARGEST_BATCH], self._pending[LARGEST_BATCH:]
            try:
                results = await self._write([item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - every waiting caller gets it, none is left waiting
                _settle(batch, error)
            else:
                for (_, future), result in zip(batch, results, strict=True):
                    if not future.done():
                        future.set_result(result)
        self._pump = None


def _settle(batch: list[tuple[Item, asyncio.Future[Result]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
