"""The calls of tools that this process is answering."""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from ci_mcp_kit import logs
from drone_mcp_status.page_data import CallUnderWay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from ci_mcp_kit.observing import Operation
    from ci_mcp_kit.request_observation import Attempt


class CallsUnderWay:
    """An observer (`ci_mcp_kit.observing`) that knows the open calls. `clock` gives the Unix time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._open: dict[int, CallUnderWay] = {}

    def of_role(self, role: str) -> tuple[CallUnderWay, ...]:
        """Return the open calls of callers with a role, longest open first."""
        return tuple(call for call in self._open.values() if call.role == role)

    @contextmanager
    def operation(self, operation: Operation) -> Iterator[None]:
        """Keep a call of a tool for as long as it is open."""
        if operation.method != "tools/call":
            yield
            return
        key = id(operation)
        self._open[key] = CallUnderWay(operation.role, logs.caller(), operation.target, self._clock())
        try:
            yield
        finally:
            del self._open[key]

    def request(self, attempt: Attempt) -> AbstractContextManager[object]:  # noqa: ARG002 - of the protocol
        """Requests to services are not shown."""
        return nullcontext()

    def refusal(self, status: int) -> None:
        """Refused requests are not shown."""

    def feed(self, last_event: float) -> None:
        """The page reads the feed's health from the store."""
