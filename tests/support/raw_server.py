"""A server of raw bytes, for what a table of answers cannot show: connections, TLS, proxies, bodies that break off."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSListener
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

EMPTY_OBJECT = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}"


class RawServer:
    """Answers every request with the same bytes; counts connections and keeps the request heads."""

    def __init__(self, answer: bytes = EMPTY_OBJECT) -> None:
        self.answer = answer
        self.connections = 0
        self.heads: list[bytes] = []
        self.port = 0

    @asynccontextmanager
    async def listening(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
        async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
            self.port = int(listener.extra(SocketAttribute.local_port))  # noqa: S610 - a socket's, not Django's
            encrypted: Any = TLSListener(listener, tls, standard_compatible=False) if tls else listener
            async with anyio.create_task_group() as group:
                group.start_soon(encrypted.serve, self._serve)
                yield self
                group.cancel_scope.cancel()

    async def _serve(self, stream: Any) -> None:
        self.connections += 1
        async with stream:
            while head := await self._head(stream):
                self.heads.append(head)
                await stream.send(self.answer)
                if b"keep-alive" not in self.answer:
                    return

    async def _head(self, stream: Any) -> bytes:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            try:
                head += await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                return b""
        return head


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a server for 127.0.0.1 whose certificate only the file beside it vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "ca.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
