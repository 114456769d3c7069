"""A page on this machine for the value of one secret: served to the loopback address alone, and for one answer.

Values must not pass through an MCP client, so a form of the protocol is no place for them (MCP specification
2025-11-25, client/elicitation, "URL Mode Elicitation Requests").
"""

from __future__ import annotations

import secrets
from html import escape
from typing import TYPE_CHECKING, Any, Final

import anyio
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from ci_mcp_kit.http_process import listen, served, url_of
from ci_mcp_kit.http_settings import Address
from ci_mcp_kit.variables import Secret

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

LARGEST: Final = 64 * 1024  # bytes of a value, as of one in a file
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TOO_LARGE, _MISDIRECTED, _UNUSABLE = 413, 421, 422  # status codes, RFC 9110, section 15.5

_FORM: Final = """\
<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Value of a secret</title></head><body>
<h1>Value of a secret</h1>
<p>{question}</p>
<p>It goes to Drone and to nobody else. An agent has asked for this; enter nothing that you did not mean to set.</p>
<form method="post" autocomplete="off">
<p><textarea name="value" rows="4" cols="80" spellcheck="false" autocomplete="off" required></textarea></p>
<p><button>Set the secret</button></p>
</form></body></html>
"""
_DONE: Final = """\
<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Value of a secret</title></head><body>
<h1>Received</h1><p>You can close this page.</p></body></html>
"""


class ValuePage:
    """One page for one value. Its address holds 256 random bits, and nobody sees the page without it.

    Args:
        question: what the value is for, as a sentence.
    """

    def __init__(self, question: str) -> None:
        self._question = question
        self._listener = listen(Address("127.0.0.1", 0))
        self._path = f"/{secrets.token_urlsafe(32)}"
        self.number = secrets.token_hex(8)
        self.url = f"{url_of(self._listener)}{self._path}"
        self.value: Secret | None = None
        self._answered = anyio.Event()

    async def serve(self, seconds: float) -> None:
        """Serve the page until it has an answer, at most so many seconds."""
        routes = [
            Route(self._path, self._show, methods=["GET"]),
            Route(self._path, self._take, methods=["POST"]),
        ]
        async with served(Starlette(routes=routes), self._listener):
            await self.wait(seconds)

    async def wait(self, seconds: float) -> Secret | None:
        """Return the value once it is there; None after so many seconds."""
        with anyio.move_on_after(seconds):
            await self._answered.wait()
        return self.value

    def close(self) -> None:
        """End it, with or without a value."""
        self._answered.set()

    async def _show(self, request: Request) -> Response:
        return self._refusal(request) or HTMLResponse(_FORM.format(question=escape(self._question)), headers=_HEADERS)

    async def _take(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        # Percent-encoded, a byte takes up to three.
        if int(request.headers.get("content-length") or 4 * LARGEST) > 3 * LARGEST + 100:
            return PlainTextResponse("The value is too large", _TOO_LARGE, _HEADERS)
        async with request.form(max_files=0, max_fields=1) as form:
            given: Any = form.get("value")
        # A form sends line ends as CR LF (HTML Standard, "Constructing the entry list").
        text = given.replace("\r\n", "\n") if isinstance(given, str) else ""
        if not text or len(text.encode()) > LARGEST:
            return PlainTextResponse("The value is empty or too large", _UNUSABLE, _HEADERS)
        self.value = Secret(text)
        self._answered.set()
        return HTMLResponse(_DONE, headers=_HEADERS)

    def _refusal(self, request: Request) -> Response | None:
        """Refuse a request for another host: a page of the web whose name leads to this machine (DNS rebinding)."""
        if (
            request.headers.get("host") == url_of(self._listener).removeprefix("http://")
            and not self._answered.is_set()
        ):
            return None
        return PlainTextResponse("This page is not open", _MISDIRECTED, _HEADERS)
