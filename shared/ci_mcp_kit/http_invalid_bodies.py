"""Answers HTTP requests whose body is no valid message, with the id of the request if there is one.

The SDK (2.3.0) answers such a body without its id, accepts a request with a null id as a notification (202), and parses
a body differently for each era (`mcp/server/streamable_http.py`, `mcp/server/_streamable_http_modern.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from ci_mcp_kit.jsonrpc import Refusal, read_messages

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


def checked(app: ASGIApp, longest: int) -> ASGIApp:
    """Return an application that passes valid messages of at most `longest` bytes to `app`, and answers all others."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read_body(receive, longest)
        if body is None:
            return
        refusals = [found for found in read_messages(body, longest) if isinstance(found, Refusal)]
        if refusals:
            texts = [refusal.as_json() for refusal in refusals]
            # Each request of a batch has a response (JSON-RPC 2.0, section 6).
            text = texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"
            response = Response(text, 413 if len(body) > longest else 400, media_type="application/json")
            await response(scope, receive, send)
        else:
            await app(scope, _after(body, receive), send)

    return answer


async def _read_body(receive: Receive, longest: int) -> bytes | None:
    """Return the body, cut soon after `longest` bytes; None if the client is gone."""
    body = bytearray()
    while len(body) <= longest:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return bytes(body)


def _after(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that yields a body which has been read before anything else."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
