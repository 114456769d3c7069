"""Gives the tools of a server access to a service: one client, made on first use, which only reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ci_mcp_http.tokens import TokenCheck
from ci_mcp_kit.errors import PermissionDenied
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ci_mcp_http.call import Call
    from ci_mcp_http.settings import ServiceSettings


class Client(Protocol):
    """The client of a service."""

    async def aclose(self) -> None:
        """Close its connections."""


C = TypeVar("C", bound=Client)


class ReadAccess(ABC, Generic[C]):
    """Read access of one process to a service: no call that changes anything is sent.

    The client is made at the first call, and the HTTP library loaded with it, so that the start is fast.

    Args:
        settings: of this process.
    """

    writer: str = "a server that writes"
    """The server whose tools change what this one only reads, for an error."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.clean = Cleaner(Redactor(settings.secrets))
        self._client: C | None = None
        self._token_check = TokenCheck(settings)
        self.at_close: list[Callable[[], Awaitable[None]]] = [self._token_check.stop]
        """Functions to call at the end, in this order, before the client is closed."""

    @abstractmethod
    def connect(self) -> C:
        """Make a client that shows every call to `gate`."""

    async def client(self) -> C:
        """Return the client; the same one until `close`. Its token is checked meanwhile."""
        if self._client is None:
            self._client = self.connect()
        self._token_check.start(partial(self.read_user_limits, self._client))
        return self._client

    async def read_user_limits(self, client: C) -> str:  # noqa: ARG002 - for services that need the check
        """Ask the service for the token's user; return what limits that user, "" for nothing.

        Only for a service that treats an unknown token as a guest; any other refuses the calls of tools itself.

        Raises:
            AuthenticationFailed: the service does not know the token.
        """
        return ""

    async def notice(self) -> str:
        """Return the notice about the token that precedes every answer, "" for none."""
        return await self._token_check.notice()

    async def close(self) -> None:
        """Close what `at_close` names, then the client, if there is one. The next `client` makes a new one."""
        for end in self.at_close:
            await end()
        # Taken out first: a call that comes meanwhile makes a new client, and gets none that is half closed.
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def gate(self, call: Call[Any]) -> None:
        """Refuse every call that is not plainly a read. The client shows each one to this before it leaves."""
        # Both, because one of them may be wrong: a call whose author forgot `writes` is caught by its method.
        if call.writes or call.method != "GET":
            raise PermissionDenied(
                f"{call.operation} would change something, and this server only reads",
                next_step=f"Use the tools of {self.writer}, if this role has them",
            )
