"""Outgoing webhooks (harness/drone v2.25.0, `plugin/webhook/webhook.go`): signed, sent once, never retried."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from email.utils import formatdate
from fnmatch import fnmatchcase

import httpx

# Drone's timeout for one endpoint, in seconds.
TIMEOUT = 60.0


@dataclass(frozen=True)
class Webhook:
    """One webhook to send: its event, the `event:action` that filters match, and its body."""

    event: str
    name: str
    body: bytes


def sign(body: bytes, secret: str, date: str) -> dict[str, str]:
    """Return the headers that authenticate a body: date, digest and the signature over both."""
    digest = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
    # HTTP signatures, draft-cavage-http-signatures, section 2.3: each header in lower case on a line of its own.
    text = f"date: {date}\ndigest: {digest}"
    mac = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
    signature = f'keyId="hmac-key",algorithm="hmac-sha256",signature="{mac}",headers="date digest"'
    return {"Date": date, "Digest": digest, "Signature": signature}


@dataclass
class WebhookSender:
    """Sends to every endpoint in turn, up to the first that cannot be reached; responses are ignored.

    `events` are patterns for `event:action`; an empty tuple means all. `failures` counts lost deliveries.
    """

    endpoints: tuple[str, ...]
    secret: str = field(default="", repr=False)
    events: tuple[str, ...] = ()
    transport: httpx.AsyncBaseTransport | None = None
    failures: int = 0

    def __post_init__(self) -> None:
        self._http = httpx.AsyncClient(transport=self.transport, timeout=TIMEOUT, trust_env=False)

    async def send(self, notice: Webhook, moment: float) -> str:
        """Send one webhook, dated `moment`; return the error if an endpoint cannot be reached, otherwise nothing."""
        if self.events and not any(fnmatchcase(notice.name, pattern) for pattern in self.events):
            return ""
        headers = {
            "User-Agent": "Go-http-client/1.1",
            "Content-Type": "application/json",
            **sign(notice.body, self.secret, formatdate(moment, usegmt=True)),
            "X-Drone-Event": notice.event,
            "Accept-Encoding": "gzip",
        }
        for endpoint in self.endpoints:
            try:
                # A request built here has exactly these headers; the client would add its defaults.
                await self._http.send(httpx.Request("POST", endpoint, content=notice.body, headers=headers))
            except httpx.TransportError as error:
                self.failures += 1
                return f'Post "{endpoint}": {error}'
        return ""

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
