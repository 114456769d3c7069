"""Sends signed deliveries to a receiver, as a process of its own: `python generator.py URL SECONDS [RATE]`.

Without a rate, 32 connections send as fast as they are answered; with one, deliveries leave on a schedule and a late
answer counts from the moment at which its delivery should have left. Prints one line of JSON.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import sys
import time
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlsplit

SECRET = b"hooksecret"
CONNECTIONS = 32
CAPTURED = Path(__file__).parents[2] / "tests" / "fixtures" / "drone-2.25.0" / "webhooks.jsonl"


def bodies(count: int) -> list[bytes]:
    """A real build's eleven deliveries, for as many builds as are needed; eight builds are under way at once."""
    captured = [json.loads(json.loads(line)[3]) for line in CAPTURED.read_text(encoding="utf-8").splitlines()]
    of_one = [event for event in captured if event["event"] == "build" and event["build"]["number"] == 3]
    made: list[bytes] = []
    first = 1
    while len(made) < count:
        for event in of_one:
            for number in range(first, first + 8):
                event["build"]["id"] = event["build"]["number"] = number
                made.append(json.dumps(event, separators=(",", ":")).encode())
        first += 8
    return made[:count]


def request(body: bytes) -> bytes:
    """What Drone would send."""
    date = formatdate(usegmt=True)
    digest = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
    mac = base64.b64encode(hmac.digest(SECRET, f"date: {date}\ndigest: {digest}".encode(), "sha256")).decode()
    head = (
        "POST /webhooks HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Go-http-client/1.1\r\n"
        f"Content-Length: {len(body)}\r\nContent-Type: application/json\r\nDate: {date}\r\nDigest: {digest}\r\n"
        f'Signature: keyId="hmac-key",algorithm="hmac-sha256",signature="{mac}",headers="date digest"\r\n'
        "X-Drone-Event: build\r\nAccept-Encoding: gzip\r\n\r\n"
    )
    return head.encode() + body


class Sender:
    """One connection after another takes the next delivery."""

    def __init__(self, url: str, requests: list[bytes], rate: float) -> None:
        self._address = urlsplit(url)
        self._requests = requests
        self._rate = rate
        self._next = 0
        self._started = 0.0
        self.times: list[float] = []
        self.refused = 0

    async def connection(self, until: float) -> None:
        """Send until the time is over."""
        reader, writer = await asyncio.open_connection(self._address.hostname, self._address.port)
        while time.perf_counter() < until and self._next < len(self._requests):
            place, self._next = self._next, self._next + 1
            due = await self._due(place)
            writer.write(self._requests[place])
            answer = await reader.readuntil(b"\r\n\r\n")
            self.times.append(time.perf_counter() - due)
            self.refused += not answer.startswith(b"HTTP/1.1 204")
        writer.close()

    async def _due(self, place: int) -> float:
        if not self._rate:
            return time.perf_counter()
        due = self._started + place / self._rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        return due

    async def run(self, seconds: float) -> float:
        """Send on all connections; return how long it took."""
        self._started = time.perf_counter()
        await asyncio.gather(*(self.connection(self._started + seconds) for _ in range(CONNECTIONS)))
        return time.perf_counter() - self._started


def main() -> None:
    """Send, and say how it went."""
    url, seconds = sys.argv[1], float(sys.argv[2])
    rate = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    requests = [request(body) for body in bodies(int(seconds * (rate or 6000)))]
    sender = Sender(url, requests, rate)
    took = asyncio.run(sender.run(seconds))
    times = sorted(sender.times)
    at = {name: round(times[int(len(times) * part)] * 1000, 2) for name, part in [("p50", 0.5), ("p99", 0.99)]}
    print(json.dumps({"count": len(times), "per_second": round(len(times) / took), "refused": sender.refused, **at}))


if __name__ == "__main__":
    main()
