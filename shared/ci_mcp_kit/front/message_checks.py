"""Recognises the messages that can be answered without the SDK, because it certainly accepts them. Pure.

Each rule is narrower than the SDK's models (`mcp_types` 2.3.0), never wider: a message that the SDK would refuse must
not be answered. A message that is not recognised is left to the server.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"
_RESERVED = "io.modelcontextprotocol/"
_LARGEST_ID = 2**53  # beyond it a number may lose digits on its way (RFC 8259, section 6)
_LONGEST_ID = 200  # characters, far more than any client uses
_FRAME = {"jsonrpc", "id", "method", "params"}
_LIST_CHANGES = {"toolsListChanged", "promptsListChanged", "resourcesListChanged"}
_NESTED: dict[str, Any] = {
    "roots": {"listChanged": bool},
    "sampling": {"context": {}, "tools": {}},
    "elicitation": {"form": {}, "url": {}},
    "tasks": {
        "list": {},
        "cancel": {},
        "requests": {"elicitation": {"create": {}}, "sampling": {"createMessage": {}}},
    },
}


def read_message(line: bytes) -> dict[str, Any] | None:
    """Return the request or notification of a line; None if it is anything else or in any way unusual."""
    try:
        message = json.loads(line.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or not message.keys() <= _FRAME or message.get("jsonrpc") != "2.0":
        return None
    if not isinstance(message.get("method"), str) or not isinstance(message.get("params", {}), dict):
        return None
    return message if "id" not in message or is_id(message["id"]) else None


def is_id(value: Any) -> bool:
    """Return whether `value` is a valid id of a request that JSON returns unchanged."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_ID and value.isascii()
    # True and False are of type int, too.
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_ID


def is_handshake(params: dict[str, Any]) -> bool:
    """Return whether `params` are those of an ordinary `initialize`."""
    return (
        params.keys() - {"_meta"} == {"protocolVersion", "capabilities", "clientInfo"}
        and is_plain({"_meta": params.get("_meta", {})})
        and isinstance(params["protocolVersion"], str)
        and is_capabilities(params["capabilities"])
        and is_client(params["clientInfo"])
    )


def is_capabilities(value: Any) -> bool:
    """Return whether `value` is a valid object of client capabilities."""
    if not isinstance(value, dict):
        return False
    tables = (value.get(name, {}) for name in ("experimental", "extensions"))
    return _has_shape(value, _NESTED) and all(
        isinstance(table, dict) and all(isinstance(entry, dict) for entry in table.values()) for table in tables
    )


def is_client(value: Any) -> bool:
    """Return whether `value` is a valid description of a client."""
    texts = {"title": str, "description": str, "websiteUrl": str}
    return (
        isinstance(value, dict)
        and isinstance(value.get("name"), str)
        and isinstance(value.get("version"), str)
        # Icons have a shape of their own. They are left to the SDK, as few clients send any.
        and "icons" not in value
        and _has_shape(value, texts)
    )


def is_plain(params: dict[str, Any]) -> bool:
    """Return whether the parameters of a legacy request hold nothing but ordinary metadata."""
    # The reserved keys make it a modern request, which the SDK refuses on a legacy connection.
    meta = params.get("_meta", {})
    return params.keys() <= {"_meta"} and _is_meta(meta) and not any(key.startswith(_RESERVED) for key in meta)


def is_envelope(params: dict[str, Any], version: str) -> bool:
    """Return whether `params` have the envelope of a modern request (2026-07-28, basic, "_meta") in this version."""
    meta: dict[str, Any] = params.get("_meta", {})
    return (
        _is_meta(meta)
        and meta.get(VERSION_KEY) == version
        and is_capabilities(meta.get(CAPABILITIES_KEY))
        and (CLIENT_KEY not in meta or is_client(meta[CLIENT_KEY]))
        and not any(key.startswith(_RESERVED) for key in meta.keys() - {VERSION_KEY, CAPABILITIES_KEY, CLIENT_KEY})
    )


def list_changes(params: dict[str, Any]) -> dict[str, bool] | None:
    """Return the list changes that a `subscriptions/listen` asks for; None if it asks for anything else."""
    asked = params.get("notifications")
    if params.keys() != {"_meta", "notifications"} or not isinstance(asked, dict) or not asked.keys() <= _LIST_CHANGES:
        return None
    return asked if all(isinstance(value, bool) for value in asked.values()) else None


def is_cancellation(params: dict[str, Any]) -> bool:
    """Return whether `params` are those of an ordinary `notifications/cancelled`."""
    return (
        params.keys() <= {"requestId", "reason"}
        and is_id(params.get("requestId"))
        and isinstance(params.get("reason", ""), str)
    )


def _is_meta(value: Any) -> bool:
    token = value.get("progressToken", 0) if isinstance(value, dict) else None
    return is_id(token)


def _has_shape(value: Any, shape: dict[str, Any]) -> bool:
    """Return whether `value` is an object whose known members have the right type; other members may be anything."""
    return isinstance(value, dict) and all(
        isinstance(value[name], inner) if isinstance(inner, type) else _has_shape(value[name], inner)
        for name, inner in shape.items()
        if name in value
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # With a duplicate name it depends on the parser which value counts (RFC 8259, section 4).
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(constant: str) -> Any:
    # NaN and Infinity are not JSON, but json.loads() takes them.
    raise ValueError(constant)
