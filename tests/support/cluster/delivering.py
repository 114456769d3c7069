"""What stands between Drone and the receivers, as a Kubernetes Service would, and keeps a record of what was said."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ACKNOWLEDGED = 204


@dataclass
class Balancer:
    """Hands each delivery to one receiver, the next where one takes no connection.

    A delivery whose receiver dies with it is not sent to another one: a Service works on connections, and Drone sends
    nothing twice.

    Attributes:
        targets: the receivers' addresses.
        acknowledged: the builds that receivers said they have, as they were sent.
        lost: how many deliveries nobody said so of.
    """

    url: str
    targets: list[str] = field(default_factory=list)
    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    lost: int = 0

    def __post_init__(self) -> None:
        self._turns = itertools.count()
        self._http = httpx.AsyncClient(trust_env=False, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Balancer]:
        """Listen for as long as the block takes."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            balancer = cls(f"http://127.0.0.1:{listener.getsockname()[1]}/webhooks")
            server = _Server(uvicorn.Config(balancer, lifespan="off", ws="none", log_config=None, access_log=False))
            task = asyncio.create_task(server.serve([listener]))
            try:
                yield balancer
            finally:
                server.should_exit = server.force_exit = True
                await asyncio.wait([task])
                await balancer._http.aclose()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass one delivery on."""
        body = await _body(receive)
        headers = [(name, value) for name, value in scope["headers"] if name not in {b"host", b"content-length"}]
        status = await self._pass_on(body, headers)
        if status == ACKNOWLEDGED:
            self._note(json.loads(body))
        else:
            self.lost += 1
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def _pass_on(self, body: bytes, headers: list[tuple[bytes, bytes]]) -> int:
        first = next(self._turns)
        for number in range(len(self.targets)):
            target = self.targets[(first + number) % len(self.targets)]
            try:
                answer = await self._http.post(f"{target}/webhooks", content=body, headers=headers)
            except httpx.ConnectError:
                continue
            except httpx.TransportError:
                break
            return answer.status_code
        return 502

    def _note(self, event: dict[str, Any]) -> None:
        if event["event"] == "build":
            self.acknowledged.append(event["build"])


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs it."""
        yield
