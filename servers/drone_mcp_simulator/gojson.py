"""JSON as Go's `encoding/json` writes it; Drone uses it for every response."""

from __future__ import annotations

import json
from typing import Any

# Go escapes these so that JSON is safe within HTML (`json.HTMLEscape`); other characters stay UTF-8.
_GO_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def marshal(value: Any) -> bytes:
    """Encode like `json.Marshal`: compact, keys in the order given. Lone surrogates become U+FFFD."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).translate(_GO_ESCAPES)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").encode()


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
