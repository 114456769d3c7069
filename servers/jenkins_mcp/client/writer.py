"""The client that may change one Jenkins: sends each call once, with a crumb where Jenkins wants one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ci_mcp_http.transport import Transport
from ci_mcp_kit import observing
from jenkins_mcp.client.changes import get_crumb
from jenkins_mcp.client.refusals import CrumbWanted

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ci_mcp_http.call import Call
    from ci_mcp_http.options import ClientOptions
    from jenkins_mcp.client.models.system import Crumb

T = TypeVar("T")


class JenkinsWriter:
    """Changes one Jenkins as one user.

    A user with an API token needs no crumb; one with a password does, and nothing tells the two apart. So a crumb is
    asked for when Jenkins refuses a change for want of one: such a change was not carried out, and is sent again. Its
    cookie is kept by the HTTP client, as by a browser.

    Args:
        options: where it is, and who asks; without retries, as a change without an answer may have been carried out.
        check: is shown each call before it is sent, and raises to keep it from being sent.
    """

    def __init__(self, options: ClientOptions, check: Callable[[Call[Any]], None]) -> None:
        self._check = check
        self._transport = Transport(options, watch=observing.request)
        self._crumb: Crumb | None = None

    async def send(self, call: Call[T]) -> T:
        """Send a call and return what its reader makes of the response.

        Raises:
            ServiceError: the member of the family that fits.
        """
        self._check(call)
        try:
            return await self._transport.send(self._with_crumb(call))
        except CrumbWanted:
            self._crumb = await self._transport.send(get_crumb())
        return await self._transport.send(self._with_crumb(call))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    def _with_crumb(self, call: Call[T]) -> Call[T]:
        if self._crumb is None:
            return call
        return replace(call, headers=(*call.headers, (self._crumb.crumb_request_field, self._crumb.crumb)))
