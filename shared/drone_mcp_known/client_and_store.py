"""The Drone client and the build store of a server, opened lazily and closed together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_build.access import DroneAccess
from drone_mcp_known.known import Known
from drone_mcp_known.reader import BuildReader
from drone_mcp_known.signature_store import Signatures

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_build.settings import Settings


class KnownAccess(DroneAccess):
    """A process's access to builds. `clock` gives the Unix time.

    Attributes:
        builds: reads builds, from the store or from Drone.
        known: the store alone.
        signatures: of failures, in the same store.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        super().__init__(settings)
        self.known = Known(self, clock)
        self.builds = BuildReader(self, self.known)
        self.signatures = Signatures(self.known.state, clock)
        self.at_close.append(self.known.state.close)
