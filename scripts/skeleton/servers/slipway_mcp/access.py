"""Gives the tools access to Slipway: one client reads, and one writes what the guard lets through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from ci_mcp_http.read_access import ReadAccess
from ci_mcp_kit import observing
from slipway_mcp.client import SLIPWAY

if TYPE_CHECKING:
    from pathlib import Path

    from ci_mcp_http.call import Gate
    from ci_mcp_http.transport import Transport
    from ci_mcp_kit.variables import Secret
    from slipway_mcp.settings import SlipwaySettings


class SlipwayAccess(ReadAccess["Transport"]):
    """Read access of one process to Slipway."""

    def __init__(self, settings: SlipwaySettings) -> None:
        super().__init__(settings)
        self._settings = settings

    @override
    def connect(self) -> Transport:
        settings = self._settings
        # The gate of this class refuses everything but reads, whatever the token may do.
        return connect(settings, settings.token, settings.token_file, self.gate, retries=settings.retries)


def connect(
    settings: SlipwaySettings, token: Secret | None, token_file: Path | None, gate: Gate, *, retries: int
) -> Transport:
    """Return a client that acts as the user of a token and shows every call to the gate."""
    from ci_mcp_http.options import ClientOptions  # noqa: PLC0415 - on first use, to start fast
    from ci_mcp_http.transport import Transport  # noqa: PLC0415 - likewise

    held = token.reveal() if token else None
    options = ClientOptions(
        service=SLIPWAY, token=held, token_file=token_file, retries=retries, **settings.connection()
    )
    # `observing.request` reports every attempt to traces and metrics.
    return Transport(options, gate=gate, watch=observing.request)
