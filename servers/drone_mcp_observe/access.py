"""Gives the tools of this server access to Drone, to the store, and to the monitoring services that are set."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from typing_extensions import override

from ci_mcp_kit import observing
from drone_mcp_known.client_and_store import KnownAccess

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_http.call import Call
    from ci_mcp_http.transport import Transport
    from drone_mcp_observe.settings import ObserveSettings
    from monitoring_client.endpoints import Endpoint

T = TypeVar("T")


class ObserveAccess(KnownAccess):
    """Read access of one process to Drone and to the monitoring services. `clock` gives the Unix time."""

    def __init__(self, settings: ObserveSettings, clock: Callable[[], float]) -> None:
        super().__init__(settings, clock)
        self.endpoints = settings.endpoints
        self._transports: dict[str, Transport] = {}

    async def ask(self, endpoint: Endpoint, call: Call[T]) -> T:
        """Send a call to a monitoring service.

        Raises:
            ServiceError: it did not answer, or refused.
        """
        service = endpoint.service
        if service.name not in self._transports:
            from ci_mcp_http.options import ClientOptions  # noqa: PLC0415 - on first use, to start fast
            from ci_mcp_http.transport import Transport  # noqa: PLC0415 - likewise

            options = ClientOptions(
                **{**self.settings.connection(), "server": endpoint.server},
                service=service,
                token=endpoint.token.reveal() if endpoint.token else None,
                token_file=endpoint.token_file,
                token_header=endpoint.token_header,
                retries=self.settings.retries,
            )
            self._transports[service.name] = Transport(options, gate=self.gate, watch=observing.request)
        return await self._transports[service.name].send(endpoint.address_tenant(call))

    @override
    async def close(self) -> None:
        transports, self._transports = list(self._transports.values()), {}
        for transport in transports:
            await transport.aclose()
        await super().close()
