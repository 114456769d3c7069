"""Reads the JSON-RPC messages of a client, and refuses anything else, so that no caller waits forever. Pure.

The SDK (2.3.0) drops a line that it cannot read (`mcp/server/stdio.py`), takes a request whose id is null or a fraction
for a notification, and takes one with a member `error` for a response (`mcp_types/jsonrpc.py`). JSON-RPC answers all of
them (https://www.jsonrpc.org/specification, section 5.1).
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp.types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
)
from pydantic import ValidationError
from pydantic_core import from_json

if TYPE_CHECKING:
    from collections.abc import Collection

    from mcp.types import JSONRPCMessage

LONGEST_LINE = 2**24  # bytes
BATCH_VERSION = "2025-03-26"  # the only version with batches (MCP 2025-06-18, changelog, item 1)
_NO_ID = "null"
_LONGEST_ID_OF_OURS = 40  # characters; the SDK counts its requests
# A string that the end cuts off counts as one, so that its text is not taken for structure.
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


@dataclass(frozen=True)
class Refusal:
    """The error that answers an invalid message.

    Attributes:
        number: the id of the request as JSON text; "null" if none can be read.
        code: of JSON-RPC.
        message: for the caller.
    """

    number: str
    code: int
    message: str

    def as_json(self) -> str:
        """Return the response as JSON text."""
        error = json.dumps({"code": self.code, "message": self.message}, separators=(",", ":"))
        return f'{{"jsonrpc":"2.0","id":{self.number},"error":{error}}}'


class LineSplitter:
    """Splits received data into lines. One that is longer than `LONGEST_LINE` is cut right after it."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes."""
        *ends, rest = data.split(b"\n")
        lines = []
        for end in ends:
            lines.append(self._joined(end))
            self._begun = b""
        self._begun = self._joined(rest)
        return lines

    def _joined(self, end: bytes) -> bytes:
        return (self._begun + end)[: LONGEST_LINE + 1]


class Reader:
    """Reads the messages of one connection; a batch is accepted if its version has batches."""

    def __init__(self) -> None:
        self._has_batches = False

    def read(self, data: bytes) -> list[JSONRPCMessage | Refusal]:
        """Return the messages of a line, or the refusals that answer it; nothing for a blank line."""
        if not data.strip():
            return []
        found = read_messages(data, LONGEST_LINE, batches=self._has_batches)
        for message in found:
            if isinstance(message, JSONRPCRequest) and message.method == "initialize":
                self._has_batches = (message.params or {}).get("protocolVersion") == BATCH_VERSION
        return found


def read_messages(data: bytes, longest: int, *, batches: bool = False) -> list[JSONRPCMessage | Refusal]:
    """Return the messages of `data`, which is one message or a batch, or the refusals that answer it.

    Args:
        data: what was received; no more than its first `longest` bytes are read.
        longest: bytes that a message may have.
        batches: whether the protocol version has batches.
    """
    if len(data) > longest:
        return _refuse_unparsed(data[:longest], INVALID_REQUEST, f"A message has at most {longest} bytes")
    try:
        value = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        return _refuse_unparsed(data, PARSE_ERROR, f"This is not JSON that can be read: {error}")
    if not isinstance(value, list):
        return [_read_one(value)]
    if batches and value:
        return [_read_one(item) for item in value]
    # Every request of a batch is answered in a version without batches.
    message = f"Only version {BATCH_VERSION} has batches: send each message by itself" if value else "A batch is empty"
    requests = [item for item in value if isinstance(item, dict) and "id" in item]
    refusals = [_refuse(item, _spell(item["id"]), INVALID_REQUEST, message) for item in requests]
    return [*refusals] or [Refusal(_NO_ID, INVALID_REQUEST, message)]


def _read_one(value: Any) -> JSONRPCMessage | Refusal:
    if not isinstance(value, dict):
        return Refusal(_NO_ID, INVALID_REQUEST, "A message is a JSON object")
    if "method" in value and ("result" in value or "error" in value):
        return Refusal(_spell(value.get("id")), INVALID_REQUEST, "A message is either a request or a response")
    kind: type[JSONRPCRequest | JSONRPCNotification | JSONRPCResponse | JSONRPCError]
    if _is_response(value):
        kind = JSONRPCResponse if "result" in value else JSONRPCError
    else:
        kind = JSONRPCRequest if "id" in value else JSONRPCNotification
    try:
        return kind.model_validate(value, by_name=False)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        return _refuse(value, _spell(value.get("id")), INVALID_REQUEST, f"{problem['loc'][0]}: {problem['msg']}")


def _refuse_unparsed(data: bytes, code: int, message: str) -> list[JSONRPCMessage | Refusal]:
    members = _read_members(data)
    try:
        number = _spell(json.loads(members.get("id", b"").decode(errors="replace"), strict=False))
    except ValueError:  # also for one of thousands of digits: few programs could read it
        number = _NO_ID
    found = _refuse(members, number, code, message)
    # What only looks like a response may be a broken request, so it is answered, too (JSON-RPC 2.0, section 5.1).
    return [found] if isinstance(found, Refusal) else [found, Refusal(_NO_ID, code, message)]


def _refuse(members: Collection[str], number: str, code: int, message: str) -> JSONRPCMessage | Refusal:
    """Return the answer to a request with these members. A response becomes the failure of our request."""
    if not _is_response(members):
        return Refusal(number, code, message)
    known = json.loads(number) if len(number) <= _LONGEST_ID_OF_OURS else None
    is_id = isinstance(known, str | int)
    return JSONRPCError(jsonrpc="2.0", id=known if is_id else None, error=ErrorData(code=code, message=message))


def _is_response(members: Collection[str]) -> bool:
    return "method" not in members and ("result" in members or "error" in members)


def _spell(number: Any) -> str:
    """Return an id as JSON text. JSON-RPC allows fractions, which MCP does not: they are refused with their id."""
    if isinstance(number, str | int | float) and not isinstance(number, bool):
        with contextlib.suppress(ValueError):  # infinity
            return json.dumps(number, allow_nan=False)
    return _NO_ID


def _read_members(data: bytes) -> dict[str, bytes]:
    """Return the members of the outermost object, however broken it is: name -> the first token of its value."""
    members: dict[str, bytes] = {}
    depth, name, before = 0, b"", b""
    for match in _TOKENS.finditer(data):
        token = match[0]
        if depth == 1 and before == b":" and name.startswith(b'"'):
            members.setdefault(name.strip(b'"').decode(errors="replace"), token)
        depth += (token in {b"{", b"["}) - (token in {b"}", b"]"})
        if token != b":":
            name = token
        before = token
    return members
