"""Whether the store, the deliveries and Drone work."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import anyio

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_build.build_wording import clean_name
from drone_mcp_client.errors import ServiceError
from drone_mcp_status.durations import duration
from drone_mcp_status.page_data import Check

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_client.client import DroneClient
    from drone_mcp_state import FeedHealth

DELIVERIES, COMPARISON, STORE, DRONE = "Deliveries", "Comparison with Drone", "Build store", "Drone"
PATIENCE: Final = 5.0  # seconds for Drone's answer
KNOWN_FOR: Final = 15.0  # seconds for which an answer of Drone counts


def feed_checks(feed: FeedHealth, now: float) -> list[Check]:
    """Return the health of deliveries and of the comparison with Drone. Pure."""
    if feed.last_event is None:
        deliveries = Check(DELIVERIES, "off", "None has arrived yet.")
    else:
        ago = f"The last one arrived {duration(now - feed.last_event)} ago"
        alive = feed.is_alive(now)
        after = "." if alive else "; answers about running builds come from Drone until the next one."
        deliveries = Check(DELIVERIES, "good" if alive else "warning", ago + after)
    if feed.last_reconciliation is None:
        return [deliveries, Check(COMPARISON, "off", "None yet: lost deliveries stay lost.")]
    return [
        deliveries,
        Check(COMPARISON, "good", f"The last one ended {duration(now - feed.last_reconciliation)} ago."),
    ]


class DroneProbe:
    """Asks Drone for the token's user, at most four times a minute.

    Args:
        client: returns the client to ask with.
        clock: gives seconds.
    """

    def __init__(self, client: Callable[[], Awaitable[DroneClient]], clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._asked_at = float("-inf")
        self._found = Check(DRONE, "off", "Not asked yet.")

    async def check(self) -> Check:
        """Return whether Drone answers."""
        if 0 <= self._clock() - self._asked_at < KNOWN_FOR:
            return self._found
        started = time.perf_counter()
        try:
            with anyio.fail_after(PATIENCE):
                user = await (await self._client()).user()
        except TimeoutError:
            found = Check(DRONE, "bad", f"It did not answer within {PATIENCE:g} seconds.")
        except ServiceError as error:
            found = Check(DRONE, "bad", one_line(f"{error.message}."))
        else:
            took = 1000 * (time.perf_counter() - started)
            text = f"It answers in {took:.0f} ms; the token is that of {clean_name(user.login)}."
            found = Check(DRONE, "good", text)
        self._found, self._asked_at = found, self._clock()
        return found
