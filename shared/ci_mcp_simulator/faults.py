"""Injects faults of networks, proxies and overloaded servers into responses.

`delay`, `status`, `html`, `truncate`, `content_type` and `drip` work everywhere. `drop` (no response) and `reset` (the
connection breaks halfway) need a connection: uvicorn with `serving.AbortableProtocol` aborts it; in-process, through
`httpx.ASGITransport`, the error that httpx would raise is raised instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

import anyio.lowlevel
import httpx
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ci_mcp_simulator.clock import Clock

Kind = Literal["delay", "drop", "reset", "status", "truncate", "html", "drip", "content_type"]
# The ASGI extension that holds the connection for `drop` and `reset` to abort.
TRANSPORT = "ci_mcp_simulator.transport"
DRIP_CHUNK = 64
HTML = b"<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body>502 Bad Gateway</body></html>"


class Fault(BaseModel):
    """One fault: the requests it applies to, how often, and its effect."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    route: str = Field(default="*", description='"GET /api/repos/*/builds/*" or a path alone; * matches anything')
    kind: Kind
    count: int | None = Field(default=None, ge=1, description="how many requests it meets; default: all")
    seconds: float = Field(default=1.0, ge=0, description="delay: before the answer; drip: between two pieces")
    status: int = Field(default=503, ge=400, le=599)
    message: str = "simulated fault"
    handled: bool = Field(default=False, description="status: whether the request is carried out first, all the same")
    retry_after: str | None = Field(default=None, description="the Retry-After header of a status fault")
    content_type: str = "text/html; charset=utf-8"

    def matches(self, method: str, path: str) -> bool:
        """Return whether the fault applies to this request."""
        pattern = self.route if " " in self.route else f"* {self.route}"
        return fnmatchcase(f"{method} {path}", pattern)


@dataclass
class Faults:
    """The active faults; the first that matches a request applies."""

    _left: list[tuple[Fault, int | None]] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Activate a fault."""
        self._left.append((fault, fault.count))

    def clear(self) -> None:
        """Remove all faults."""
        self._left.clear()

    def list_active(self) -> list[Fault]:
        """Return the active faults."""
        return [fault for fault, _ in self._left]

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault for this request, if any, and count it down."""
        for index, (fault, left) in enumerate(self._left):
            if fault.matches(method, path):
                if left is not None:
                    self._left[index : index + 1] = [(fault, left - 1)] if left > 1 else []
                return fault
        return None


class FaultMiddleware:
    """Applies a world's faults to the responses of an ASGI app."""

    def __init__(self, app: ASGIApp, faults: Faults, clock: Clock) -> None:
        self.app = app
        self.faults = faults
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and apply the fault that matches it; the simulator's own routes have no faults."""
        is_exempt = scope["type"] != "http" or scope["path"].startswith("/_simulator/")
        fault = None if is_exempt else self.faults.take(scope["method"], scope["path"])
        if fault is None:
            await self.app(scope, receive, send)
        elif fault.kind == "drop":
            await _break_connection(scope)
        elif fault.kind == "status":
            if fault.handled:
                await _collect(self.app, scope, receive)
            headers = {"content-type": "application/json"}
            if fault.retry_after is not None:
                headers["retry-after"] = fault.retry_after
            body = httpx.Response(200, json={"message": fault.message}).content + b"\n"
            await _send_response(send, fault.status, body, headers)
        elif fault.kind == "html":
            await _send_response(send, 200, HTML, {"content-type": "text/html; charset=utf-8"})
        elif fault.kind == "delay":
            await self.clock.sleep_until(self.clock.now() + fault.seconds)
            await self.app(scope, receive, send)
        elif fault.kind == "reset":
            await self.app(scope, receive, _reset_midway(scope, send))
        elif fault.kind == "content_type":
            await self.app(scope, receive, _replace_content_type(fault.content_type, send))
        else:
            await self._truncate_or_drip(fault, scope, receive, send)

    async def _truncate_or_drip(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Truncate or drip the response. Both collect it first, so they do not work for streams."""
        start, body = await _collect(self.app, scope, receive)
        if fault.kind == "truncate":
            headers = {key.decode(): value.decode() for key, value in start["headers"]}
            await _send_response(send, start["status"], body[: len(body) // 2], headers)
        else:
            await send(start)
            for at in range(0, len(body), DRIP_CHUNK):
                await send({"type": "http.response.body", "body": body[at : at + DRIP_CHUNK], "more_body": True})
                await self.clock.sleep_until(self.clock.now() + fault.seconds)
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_response(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    fields = {**headers, "content-length": str(len(body))}
    raw = [(key.encode(), value.encode()) for key, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _collect(app: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    """Run the app and return its response: the start message and the whole body."""
    messages: list[Any] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


def _replace_content_type(content_type: str, send: Send) -> Send:
    async def send_relabelled(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(key, value) for key, value in message["headers"] if key.lower() != b"content-type"]
            message = {**message, "headers": [*kept, (b"content-type", content_type.encode())]}
        await send(message)

    return send_relabelled


def _reset_midway(scope: Scope, send: Send) -> Send:
    """Send the start and half of the first chunk, then break the connection and discard the rest."""
    is_broken = False

    async def send_until_broken(message: Message) -> None:
        nonlocal is_broken
        if is_broken:
            return
        if message["type"] == "http.response.start":
            await send(message)
            return
        is_broken = True
        body = message.get("body", b"")
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await _break_connection(scope)

    return send_until_broken


async def _break_connection(scope: Scope) -> None:
    transport = scope.get("extensions", {}).get(TRANSPORT)
    if transport is None:
        raise httpx.ReadError("the simulator broke the connection")
    transport.abort()
    await anyio.lowlevel.checkpoint()  # lets the server notice the abort before the response ends
