"""Signing and encrypting (harness/drone v2.25.0, `handler/api/repos/{sign,encrypt}`)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

import yaml

from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.routing import ErrorResponse, RequestContext, answer, route

if TYPE_CHECKING:
    from starlette.responses import Response

# AES-GCM adds a nonce of 12 bytes and a tag of 16 (NIST SP 800-38D); the text keeps its length.
SEAL_OVERHEAD = 12 + 16


async def sign(ctx: RequestContext) -> Response:
    """Sign a configuration; every YAML document of it has to be a mapping."""
    text = str(ctx.json().get("data", ""))
    for document in yaml.safe_load_all(text):
        if not isinstance(document, dict):
            kind = {str: "str", int: "int", bool: "bool", list: "seq"}.get(type(document), "null")
            message = f"line 1: cannot unmarshal !!{kind} `{text.strip()[:10]}` into yaml.RawResource"
            raise ErrorResponse(500, f"yaml: unmarshal errors:\n  {message}")
    mac = hmac.new(ctx.repo.secret.encode(), text.encode(), hashlib.sha256)
    return answer({"data": mac.hexdigest()})


async def encrypt(ctx: RequestContext) -> Response:
    """Answer with a made-up value as long as the encrypted one, since the simulator never decrypts it."""
    if not ctx.repo.secret:
        raise ErrorResponse(500, "crypto/aes: invalid key size 0")
    text = str(ctx.json().get("data", ""))
    size = len(text.encode()) + SEAL_OVERHEAD
    stream = hashlib.shake_256(f"{ctx.repo.secret}{text}".encode()).digest(size)
    return answer({"data": base64.b64encode(stream).decode()})


REPO = "/api/repos/{owner}/{name}/"
ROUTES = [
    route("POST", REPO + "sign", AccessLevel.WRITE, sign),
    route("POST", REPO + "encrypt/", AccessLevel.WRITE, encrypt),
    route("POST", REPO + "encrypt/secret", AccessLevel.WRITE, encrypt),
]
