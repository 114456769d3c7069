"""How a server reaches Drone and what is known of its builds; both are let go of together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from ci_mcp_kit.concurrency import run_all
from drone_mcp_build.access import DroneAccess
from drone_mcp_known.known import Known
from drone_mcp_known.signatures import Signatures

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_build.settings import Settings


class KnownAccess(DroneAccess):
    """One process's way to builds. `clock` gives the Unix time."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        super().__init__(settings)
        self.known = Known(self, clock)
        self.signatures = Signatures(self.known.state, clock)
        self.at_close: list[Callable[[], Awaitable[None]]] = []

    @override
    async def close(self) -> None:
        """Close what `at_close` names, then the store and the client."""
        for end in self.at_close:
            await end()
        await run_all(self.known.state.close, super().close)
