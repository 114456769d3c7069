"""Deliveries as Drone signs them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from email.utils import formatdate

from support.captured_builds import SECRET


def signed(body: bytes, *, at: float, secret: str = SECRET) -> dict[str, str]:
    """The headers with which Drone would send this body."""
    date = formatdate(at, usegmt=True)
    digest = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
    mac = base64.b64encode(hmac.digest(secret.encode(), f"date: {date}\ndigest: {digest}".encode(), "sha256")).decode()
    return {
        "Content-Type": "application/json",
        "Date": date,
        "Digest": digest,
        "Signature": f'keyId="hmac-key",algorithm="hmac-sha256",signature="{mac}",headers="date digest"',
        "X-Drone-Event": "build",
    }
