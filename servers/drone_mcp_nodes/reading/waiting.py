"""Waits for a service until it runs as it should, or needs somebody."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import anyio

from ci_mcp_kit.errors import ServiceError
from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_nodes.formatting import REASON_WIDTH
from drone_mcp_nodes.reading.status import read_status
from drone_mcp_nodes.reading.views import WaitView
from drone_mcp_nodes.rules.standing import UNDER_WAY, service_standing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_nodes.access import NodesAccess, Place
    from drone_mcp_nodes_api.wire import agent_pb2 as pb

    Pause = Callable[[float], Awaitable[None]]
    Report = Callable[[float, float, str], Awaitable[None]]

logger = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 5.0
GROWTH: Final = 1.5


def is_over(status: pb.ServiceStatus) -> bool:
    """Return whether no operation is under way and no component is starting. Pure."""
    return not status.operation and service_standing(status.components).kind not in UNDER_WAY


@dataclass
class Wait:
    """A wait in progress. `clock` gives the Unix time, `pause` sleeps."""

    access: NodesAccess
    place: Place
    clock: Callable[[], float]
    pause: Pause
    trouble: str = field(default="", init=False)

    async def run(self, seconds: float, report: Report) -> WaitView:
        """Return as soon as there is nothing left to wait for, and at the latest when the time is up.

        Raises:
            ServiceError: the service cannot be read, and the error is permanent.
        """
        began, pause = self.clock(), FIRST_PAUSE
        seen = (await read_status(self.access, self.place)).service
        # A slow answer must not make the wait longer than the client waits for it.
        with anyio.move_on_after(seconds):
            while not is_over(seen) and (waited := self.clock() - began) < seconds:
                await report(waited, seconds, f"{self.place}: {service_standing(seen.components).kind}")
                await self.pause(min(pause, seconds - waited))
                pause = min(LONGEST_PAUSE, pause * GROWTH)
                seen = await self._look_again(seen)
        over, standing = is_over(seen), service_standing(seen.components)
        look = "Look with nodes_get_status at what is wrong" if standing.needs_somebody else ""
        return WaitView(
            service=str(self.place),
            finished=over,
            state=f"{standing.kind}, {seen.operation} under way" if seen.operation else standing.kind,
            reason=one_line(seen.reason, REASON_WIDTH),
            note=self.trouble,
            next_step=look if over else "Call nodes_wait_for_service again",
        )

    async def _look_again(self, seen: pb.ServiceStatus) -> pb.ServiceStatus:
        """Look once more; a short outage must not end a wait, and the answer mentions it if it lasts."""
        try:
            found = (await read_status(self.access, self.place)).service
        except ServiceError as error:
            if not error.retryable:
                raise
            logger.info("Waiting goes on: %s", error)
            self.trouble = f"The node could not be asked meanwhile: {error.message}"
            return seen
        self.trouble = ""
        return found
