"""Server-sent events: bytes in, events out, however the network cuts the bytes.

The format is that of the WHATWG HTML standard, section 9.2. `id` and `retry` are for clients that open a broken stream
again, which is left to the callers here, so they are skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import AnswerTooLarge, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

# Room for what CI systems send: build logs are cut at a few MiB, and JSON can spell a byte with six.
LARGEST_EVENT: Final = 32 * 1024 * 1024

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
LINE_END: Final = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event. `name` is "message" where the server gave none."""

    name: str
    data: str


SILENCE: Final = ServerEvent("silence", "")
"""Not from the server: nothing came for as long as the caller was ready to wait."""


class EventParser:
    """Collects bytes until they make events. Comments and events without data are dropped, as the standard says."""

    def __init__(self, *, largest: int = LARGEST_EVENT, service: Service | None = None) -> None:
        self._largest = largest
        self._service = service
        self._buffer = bytearray()
        self._searched = 0  # bytes of the buffer that hold no line end, so that a long line is not searched twice
        self._at_start = True
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """Take a chunk and yield the events that it completes.

        Raises:
            AnswerTooLarge: an event grows beyond the limit.
        """
        self._buffer += chunk
        while (end := LINE_END.search(self._buffer, self._searched)) is not None:
            if end.group() == b"\r" and end.end() == len(self._buffer):
                break  # the line feed that belongs to it may be in the next chunk
            line = bytes(self._buffer[: end.start()])
            del self._buffer[: end.end()]
            self._searched = 0
            event = self._take_line(line)
            if event:
                yield event
        # A CR at the end stays to be searched: it may be the first half of CR LF.
        self._searched = len(self._buffer) - self._buffer.endswith(b"\r")
        # Checked after every chunk, so that no server can fill the memory with an event that never ends.
        if self._searched + self._size > self._largest:
            raise AnswerTooLarge(f"An event of the stream is larger than {self._largest} bytes", service=self._service)

    def _take_line(self, line: bytes) -> ServerEvent | None:
        if self._at_start:
            line, self._at_start = line.removeprefix(BYTE_ORDER_MARK), False
        if not line:
            event = ServerEvent(self._name or "message", "\n".join(self._data)) if self._data else None
            self._name, self._data, self._size = "", [], 0
            return event
        field, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
            self._size += len(value)
        elif field == "event":
            self._name = value
        return None
