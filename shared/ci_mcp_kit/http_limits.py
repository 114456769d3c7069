"""Limits on what anybody can make a process do over HTTP before it knows who they are.

uvicorn limits neither the size of a request's head nor the time that it may take, and its `limit_concurrency` refuses
everybody once it is reached, health checks included. Here nobody is refused for the number of connections: a new one
takes the place of the one that has waited longest, first of those at the address with the most. So a client that opens
thousands of connections only closes its own.
"""

from __future__ import annotations

import math
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

MAX_HEAD: Final = 2**16  # bytes of a request line with its header fields
MAX_FIELDS: Final = 100  # header fields
MAX_REQUEST: Final = 2**23  # bytes as sent, chunk extensions included; applications take half of it at most
MAX_PIPELINED: Final = 8  # requests sent before the answer to the first; no client of ours does so
HEAD_SECONDS: Final = 10.0
BODY_SECONDS: Final = 30.0
WRITE_SECONDS: Final = 30.0  # for a client that does not read its answer
LINGER_SECONDS: Final = 2.0  # after a refusal
MAX_WAITING: Final = 1_000  # connections without a complete request: new, sending, or kept alive
_MADE_ROOM: Final = 0.1  # of `MAX_WAITING`: several at a time, as each look at all connections takes a while


class LimitedProtocol(HttpToolsProtocol):
    """One connection. Its owner calls `check_time` every second."""

    @override
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._in_head = True
        self._received = 0  # bytes of the current request
        self._is_refused = False
        self._waiting_since = self.loop.time()
        self._read_until = self._waiting_since + HEAD_SECONDS
        self._write_until = math.inf
        make_room(connection for connection in self.connections if isinstance(connection, LimitedProtocol))

    @property
    def is_waiting(self) -> bool:
        """Whether the server has no complete request of this connection to answer."""
        cycle = self._last_cycle
        is_answering = cycle is not None and not cycle.response_complete and not cycle.more_body
        return not self.transport.is_closing() and (self._is_refused or not is_answering)

    @property
    def _last_cycle(self) -> RequestResponseCycle | None:
        return self.cycle  # None before the first request, which uvicorn's annotation leaves out

    @property
    def address(self) -> str:
        """The address of the client."""
        return self.client[0] if self.client else ""

    @property
    def waiting_since(self) -> float:
        """The time at which it was made or at which its last answer ended."""
        return self._waiting_since

    @override
    def data_received(self, data: bytes) -> None:
        # In pieces, so that a head without an end is noticed before the parser holds more than `MAX_HEAD` of it.
        while data and not self._is_refused and not self.transport.is_closing():
            room = MAX_HEAD - self._received if self._in_head else MAX_HEAD
            piece, data = data[:room], data[room:]
            self._received += len(piece)
            if self._read_until == math.inf:  # the first bytes of a further request
                self._read_until = self.loop.time() + HEAD_SECONDS
            super().data_received(piece)
            if self._in_head and self._received >= MAX_HEAD:
                self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            elif self._received > MAX_REQUEST:
                self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        # After the head come trailer fields, which must not be merged into it (RFC 9110, section 6.5.1).
        if not self._in_head or self._is_refused:
            return
        if len(self.headers) == MAX_FIELDS:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        if len(self.pipeline) == MAX_PIPELINED:
            self.transport.abort()
        if not self._is_refused and not self.transport.is_closing():
            super().on_headers_complete()
        self._in_head = False
        self._read_until = self.loop.time() + BODY_SECONDS

    @override
    def on_body(self, body: bytes) -> None:
        if not self._is_refused:
            super().on_body(body)

    @override
    def on_message_complete(self) -> None:
        self._in_head, self._received, self._read_until = True, 0, math.inf
        if not self._is_refused:
            super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        self._waiting_since = self.loop.time()
        super().on_response_complete()

    @override
    def pause_writing(self) -> None:
        self._write_until = self.loop.time() + WRITE_SECONDS
        super().pause_writing()

    @override
    def resume_writing(self) -> None:
        self._write_until = math.inf
        super().resume_writing()

    @override
    def send_400_response(self, msg: str) -> None:
        self.refuse(HTTPStatus.BAD_REQUEST)

    def refuse(self, status: HTTPStatus) -> None:
        """Answer with an error, and take no further request.

        What still comes is read and dropped for a moment: closing at once would reset the connection, and the sender
        would not see the answer (RFC 9112, section 9.6).
        """
        if self._is_refused:
            return
        self._is_refused = True
        if (cycle := self._last_cycle) is not None:
            # An answer that has begun cannot become another one; it may be that to an earlier request.
            if not cycle.response_complete if self._in_head else cycle.response_started or self.pipeline:
                self.transport.abort()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        body = f"{status.phrase}\n"
        head = f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}connection: close\r\n\r\n{body}".encode())
        self.transport.write_eof()
        self._read_until = self.loop.time() + LINGER_SECONDS

    def check_time(self, now: float) -> None:
        """Close the connection if its client is too slow."""
        if self.transport.is_closing():
            # It waits for the client to read the rest.
            self._write_until = min(self._write_until, now + WRITE_SECONDS)
        if now > self._write_until or (self._is_refused and now > self._read_until):
            self.transport.abort()
        elif now > self._read_until:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT)


def make_room(connections: Iterable[LimitedProtocol]) -> None:
    """Close some connections if more than `MAX_WAITING` are waiting: the oldest of the address with the most."""
    waiting = [connection for connection in connections if connection.is_waiting]
    if len(waiting) <= MAX_WAITING:
        return
    count = Counter(connection.address for connection in waiting)
    waiting.sort(key=lambda connection: (-count[connection.address], connection.waiting_since))
    for connection in waiting[: int(MAX_WAITING * _MADE_ROOM)]:
        connection.transport.abort()
