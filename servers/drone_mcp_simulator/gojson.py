"""JSON as Go's `encoding/json` writes it; Drone uses it for every response."""

from __future__ import annotations

import json
import re
from typing import Any

# Go escapes these so that JSON is safe within HTML (`json.HTMLEscape`); other characters stay UTF-8.
_GO_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}

# A key of an object, with the comma before and the colon after it.
_MEMBER = re.compile(r'[\s,]*("(?:[^"\\]|\\.)*")\s*:\s*')
_SURROGATE = re.compile("[\ud800-\udfff]")


def marshal(value: Any) -> bytes:
    """Encode like `json.Marshal`: compact, keys in the order given.

    A byte that is not UTF-8 (in Python a lone surrogate) becomes an escaped U+FFFD.
    """
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for character, escape in _GO_ESCAPES.items():  # ten times as fast as `str.translate` for a long log
        text = text.replace(character, escape)
    return _SURROGATE.sub(r"\\ufffd", text).encode()


def encode(value: Any) -> bytes:
    """Encode like `json.Encoder`: `marshal` and a final newline."""
    return marshal(value) + b"\n"


def decode(body: bytes) -> Any:
    """Decode a request body; raise ValueError with the message of Go's decoder for an invalid one."""
    text = body.decode("utf-8", "replace").strip()
    if not text:
        raise ValueError("EOF")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text):
            raise ValueError("unexpected EOF") from error
        near = text[error.pos]
        raise ValueError(f"invalid character '{near}' looking for beginning of value") from error


def cut_member(body: bytes, name: str) -> bytes:
    """Return the value of one member of an object as it was written, like Go's `json.RawMessage`; `null` without it."""
    text = body.decode("utf-8", "surrogateescape")
    decoder = json.JSONDecoder()
    found, at = "null", text.find("{") + 1
    while member := _MEMBER.match(text, at):
        key = json.loads(member[1])
        _, at = decoder.raw_decode(text, member.end())
        if key == name:
            found = text[member.end() : at]
    return found.encode("utf-8", "surrogateescape")
