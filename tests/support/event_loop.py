"""The event loop of asynchronous tests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from typing_extensions import TypeVarTuple, Unpack, override

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

Ts = TypeVarTuple("Ts")


class EventLoop(asyncio.SelectorEventLoop):
    """A loop that may close before gRPC has reported the end of every call.

    gRPC has one queue of events in a process and expects one loop. Each test has a loop of its own, so the queue can
    hand a call's last event to the loop of an earlier test (grpc/grpc, src/python/grpcio/grpc/_cython/_cygrpc/aio/
    completion_queue.pyx.pxi), and would then fail in the test that runs.
    """

    @override
    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if self.is_closed() and callback.__module__ == "grpc._cython.cygrpc":
            return asyncio.Handle(callback, args, self, context)  # which nobody runs
        return super().call_soon_threadsafe(callback, *args, context=context)
