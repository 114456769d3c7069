"""The ASGI application of the status page: who may see it, and the headers that keep it to itself."""

from __future__ import annotations

import base64
import binascii
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse

from ci_mcp_kit import observing
from ci_mcp_kit.http_app import Refused, check_names
from drone_mcp_status.page import POLICY, render

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from starlette.types import ASGIApp, Receive, Scope, Send

    from drone_mcp_status.status import Status

PATH: Final = "/"
# A browser asks for a name and a password; the caller's token is the password (RFC 7617).
CHALLENGE: Final = 'Basic realm="drone-mcp: any name, and your token as the password", charset="UTF-8"'
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class StatusApp:
    """Answers GET /.

    Args:
        names: by which the host may be called.
        find: returns the status that the sender of a request may see, or raises `Refused`.
    """

    def __init__(self, names: Collection[str], find: Callable[[Request], Awaitable[Status]]) -> None:
        self._names = frozenset(names)
        self._find = find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        # The password of Basic authentication is checked as a bearer token.
        headers = [(name, _bearer(value) if name == b"authorization" else value) for name, value in scope["headers"]]
        request = Request({**scope, "headers": headers})
        answer: ASGIApp
        try:
            check_names(request, self._names)
            _check_target(request)
            status = await self._find(request)
        except Refused as refused:
            observing.refusal(refused.status)
            asked = {"WWW-Authenticate": CHALLENGE} if refused.status == HTTPStatus.UNAUTHORIZED else refused.headers
            answer = PlainTextResponse(f"{refused}\n", refused.status, {**HEADERS, **(asked or {})})
        else:
            answer = HTMLResponse(render(await status.read()), headers=HEADERS)
        await answer(scope, receive, send)


def _check_target(request: Request) -> None:
    if request.scope["path"] != PATH:
        raise Refused(404, f"The status page is at {PATH}")
    if request.method not in {"GET", "HEAD"}:
        raise Refused(405, "The status page only answers GET", {"Allow": "GET, HEAD"})


def _bearer(value: bytes) -> bytes:
    scheme, _, given = value.strip().partition(b" ")
    if scheme.lower() != b"basic":
        return value
    try:
        _, _, password = base64.b64decode(given.strip(), validate=True).partition(b":")
    except binascii.Error:
        return b""
    return b"Bearer " + password
