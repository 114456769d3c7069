"""The Drone client and the build store of a server, opened lazily and closed together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_build.access import DroneAccess
from drone_mcp_known.known import Known
from drone_mcp_known.signatures import Signatures

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_build.settings import Settings


class KnownAccess(DroneAccess):
    """One process's way to builds. `clock` gives the Unix time."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        super().__init__(settings)
        self.known = Known(self, clock)
        self.signatures = Signatures(self.known.state, clock)
        self.at_close.append(self.known.state.close)
