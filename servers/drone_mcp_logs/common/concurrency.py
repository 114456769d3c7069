"""Runs one function for many items, a few at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

from drone_mcp_client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 4  # requests; Drone limits no client, and loads each log as a whole


async def for_each(items: Sequence[T], work: Callable[[T], Awaitable[R]]) -> list[R]:
    """Return what `work` makes of each item, in their order; the first error cancels the rest.

    Raises:
        ServiceError: as `work` raised it, by itself and in no group.
    """
    results: dict[int, R] = {}
    errors: list[ServiceError] = []
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def one(index: int, item: T) -> None:
        async with limiter:
            try:
                results[index] = await work(item)
            # Kept and raised below: the task group would wrap it in an ExceptionGroup.
            except ServiceError as error:
                errors.append(error)
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for index, item in enumerate(items):
            group.start_soon(one, index, item)
    if errors:
        raise errors[0]
    return [results[index] for index in range(len(items))]
