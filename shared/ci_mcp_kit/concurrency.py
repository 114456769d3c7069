"""Several calls at once, as task groups without exception groups: the caller gets the error that a call has raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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
