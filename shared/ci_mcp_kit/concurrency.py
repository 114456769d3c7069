"""Runs several calls at once. The caller gets the error that a call has raised, never an exception group."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

from ci_mcp_kit.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Call = Callable[[], Awaitable[object]]


async def run_all(*calls: Call) -> None:
    """Run `calls` at once, each to its end; then raise the first error that one of them has raised."""
    errors: list[Exception] = []

    async def run(call: Call) -> None:
        try:
            await call()
        except Exception as error:  # noqa: BLE001 - raised below, when all have ended
            errors.append(error)

    async with anyio.create_task_group() as group:
        for call in calls:
            group.start_soon(run, call)
    # The others are dropped: a caller can act on one error, and an exception group would need `except*` everywhere.
    if errors:
        raise errors[0]


async def run_until_first(*calls: Call) -> None:
    """Run `calls` at once until the first one has ended, and cancel the others; raise the error that it has raised."""
    ended: list[Exception | None] = []

    async def run(call: Call) -> None:
        error = None
        try:
            await call()
        except Exception as raised:  # noqa: BLE001 - raised below, if no other call has ended before
            error = raised
        ended.append(error)
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for call in calls:
            group.start_soon(run, call)
    if ended[0]:
        raise ended[0]


T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 4  # a service may limit no client itself, and load each answer into memory as a whole


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
