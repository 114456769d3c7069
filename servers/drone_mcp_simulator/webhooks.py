"""Outgoing webhooks (Drone 2.25, `plugin/webhook/webhook.go`): signed, delivered once, never again."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from email.utils import formatdate
from fnmatch import fnmatchcase

import httpx

# Seconds that Drone gives one endpoint.
TIMEOUT = 60.0


@dataclass(frozen=True)
class Notice:
    """One webhook to be sent: its event, the `event:action` that filters look at, and its body."""

    event: str
    name: str
    body: bytes


def sign(body: bytes, secret: str, date: str) -> dict[str, str]:
    """The three headers that vouch for a body: date, digest and the signature over both."""
    digest = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
    text = f"date: {date}\ndigest: {digest}"
    mac = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
    signature = f'keyId="hmac-key",algorithm="hmac-sha256",signature="{mac}",headers="date digest"'
    return {"Date": date, "Digest": digest, "Signature": signature}


@dataclass
class Sender:
    """Delivers to every endpoint in turn; the first that cannot be reached ends the round, its answer is ignored.

    `events` are patterns against `event:action`; none means all. `failures` counts deliveries that were lost.
    """

    endpoints: tuple[str, ...]
    secret: str = field(default="", repr=False)
    events: tuple[str, ...] = ()
    transport: httpx.AsyncBaseTransport | None = None
    failures: int = 0

    def __post_init__(self) -> None:
        self._http = httpx.AsyncClient(transport=self.transport, timeout=TIMEOUT, trust_env=False)

    async def send(self, notice: Notice, moment: float) -> None:
        """Deliver one webhook, dated `moment`."""
        if self.events and not any(fnmatchcase(notice.name, pattern) for pattern in self.events):
            return
        headers = {
            "User-Agent": "Go-http-client/1.1",
            "Content-Type": "application/json",
            **sign(notice.body, self.secret, formatdate(moment, usegmt=True)),
            "X-Drone-Event": notice.event,
            "Accept-Encoding": "gzip",
        }
        for endpoint in self.endpoints:
            try:
                # A request made by hand has no headers but these, unlike the client's own.
                await self._http.send(httpx.Request("POST", endpoint, content=notice.body, headers=headers))
            except httpx.TransportError:
                self.failures += 1
                return

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
