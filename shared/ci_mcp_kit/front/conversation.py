"""The conversation between a client and the front: finds the answer to each message. Pure.

The first request of a connection decides its era, as in the SDK's server (modelcontextprotocol/python-sdk 2.3.0,
`mcp/server/runner.py`, `serve_dual_era_loop`): one with the envelope of 2026-07-28 opens a modern connection,
`initialize` a legacy one.
"""

from __future__ import annotations

import json

from ci_mcp_kit.front import message_checks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ci_mcp_kit.front.surface import Surface

SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId"
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
_MOST_LISTENING = 16  # open subscriptions; a client has use for one or two
_CONNECTION_CLOSED = {"code": -32000, "message": "Connection closed"}  # as the SDK answers open requests at the end
NOTHING = b""  # the answer to a notification, as opposed to None


class Conversation:
    """One connection, until a message comes that only the server can answer.

    Attributes:
        opening: the first request and its result, if it was answered here.
        initialized: the line of `notifications/initialized`, if it came.
        listening: the open `subscriptions/listen` requests, id -> line.
        lists_told: whether the tools were listed.
    """

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._modern: bool | None = None  # None: nothing was asked yet
        self.opening: tuple[dict[str, Any], dict[str, Any]] | None = None
        self.initialized = NOTHING
        self.listening: dict[str | int, bytes] = {}
        self.lists_told = False

    def answer(self, line: bytes) -> bytes | None:
        """Return the answer to a line, which may be `NOTHING`; None if only the server can answer it."""
        message = message_checks.read_message(line)
        if message is None:
            return None
        method, params = message["method"], message.get("params", {})
        if "id" not in message:
            return NOTHING if self._takes_note(method, params, line) else None
        if method == "subscriptions/listen":
            return self._listen(message["id"], params, line)
        result = self._result(method, params)
        if result is None:
            return None
        # Only the first request is sent to the server again: it decides the era. Lists leave no state behind.
        if self.opening is None:
            self.opening = message, result
        self.lists_told |= method == "tools/list"
        return write_line({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def farewell(self) -> bytes:
        """Return the last lines to send, at the end of the input: the SDK answers requests that are still open."""
        return b"".join(
            write_line({"jsonrpc": "2.0", "id": number, "error": _CONNECTION_CLOSED}) for number in self.listening
        )

    def _result(self, method: str, params: dict[str, Any]) -> dict[str, Any] | None:
        surface = self._surface
        if self._modern is None and method == "initialize" and message_checks.is_handshake(params):
            self._modern = False
            # MCP 2025-11-25, basic/lifecycle, "Version Negotiation".
            asked = params["protocolVersion"]
            version = asked if asked in surface.versions else surface.latest
            return {"protocolVersion": version, **surface.legacy["initialize"]}
        if self._modern is False and method != "initialize" and message_checks.is_plain(params):
            return {} if method == "ping" else surface.legacy.get(method)
        if self._modern is not False and message_checks.is_envelope(params, surface.modern_version):
            # A cursor, for example, is left to the server, which refuses it.
            if params.keys() != {"_meta"} or method not in surface.modern:
                return None
            self._modern = True
            return surface.modern[method]  # type: ignore[no-any-return]  # JSON
        return None

    def _listen(self, number: str | int, params: dict[str, Any], line: bytes) -> bytes | None:
        """Acknowledge a subscription to changes of lists, which the server alone reports: here they never change."""
        asked = message_checks.list_changes(params)
        # As text, because the SDK takes the ids 1 and "1" for the same one (`mcp/shared/dispatcher.py`,
        # `coerce_request_id`).
        is_new = str(number) not in {str(other) for other in self.listening}
        if asked is None or not is_new or len(self.listening) >= _MOST_LISTENING:
            return None
        if self._modern is False or not message_checks.is_envelope(params, self._surface.modern_version):
            return None
        self._modern = True
        self.listening[number] = line
        granted = {name: True for name, value in asked.items() if value}
        about = {"_meta": {SUBSCRIPTION_KEY: number}, "notifications": granted}
        return write_line({"jsonrpc": "2.0", "method": ACKNOWLEDGED, "params": about})

    def _takes_note(self, method: str, params: dict[str, Any], line: bytes) -> bool:
        """Return whether a notification is fully handled here."""
        if method == "notifications/initialized" and self._modern is False and not params:
            self.initialized = line
            return True
        if method == "notifications/cancelled" and self._modern is not None and message_checks.is_cancellation(params):
            # Of an answered request there is nothing left to cancel. An open subscription is for the server to end.
            return str(params["requestId"]) not in {str(number) for number in self.listening}
        return False


def split_lines(data: bytes, answer: Callable[[bytes], bytes | None]) -> tuple[bytes, bytes, bool]:
    """Answer the complete lines of `data`.

    Returns:
        The answers, the rest of `data`, and whether the rest begins with a line that only the server can answer.
    """
    said: list[bytes] = []
    while b"\n" in data:
        line, rest = data.split(b"\n", 1)
        reply = answer(line) if line.strip() else NOTHING
        if reply is None:
            return b"".join(said), data, True
        said.append(reply)
        data = rest
    return b"".join(said), data, False


def write_line(message: dict[str, Any]) -> bytes:
    """Return a message as a line."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
