"""Server-sent events as Drone writes them: bytes in, events out, however the network cuts the bytes.

Drone sends `: ping` comments, `data:` lines, up to three newlines after one, and `event: error` with `data: eof` as
the normal end. It never sends `id:`, `retry:` or a lone carriage return as line end. Source: Drone 2.25,
handler/api/events/{global,logs}.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drone_mcp_client.errors import AnswerTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterator

# One write of a step may be 5 MiB, and JSON can spell a byte with six.
LARGEST: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event. `name` is "message" where the server gave none."""

    name: str
    data: str

    @property
    def is_end(self) -> bool:
        """Whether the stream says that it is complete."""
        return self.name == "error" and self.data.strip() == "eof"


SILENCE: Final = ServerEvent("silence", "")
"""Not from the server: nothing came for as long as the reader was ready to wait."""


class EventParser:
    """Collects bytes until they make events. Comments vanish, and so does an event without data."""

    def __init__(self, *, largest: int = LARGEST) -> None:
        self._largest = largest
        self._buffer = bytearray()
        self._searched = 0
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """Take what came; yield the events that it completes.

        Raises:
            AnswerTooLarge: an event grows beyond the limit.
        """
        self._buffer += chunk
        while (end := self._buffer.find(b"\n", self._searched)) >= 0:
            line = bytes(self._buffer[:end]).removesuffix(b"\r")
            del self._buffer[: end + 1]
            self._searched = 0
            event = self._line(line.decode("utf-8", "replace"))
            if event:
                yield event
        self._searched = len(self._buffer)
        if self._searched + self._size > self._largest:
            raise AnswerTooLarge(f"An event of the stream is larger than {self._largest} bytes")

    def _line(self, line: str) -> ServerEvent | None:
        if not line:
            return self._complete()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
            self._size += len(value)
        elif field == "event":
            self._name = value
        return None

    def _complete(self) -> ServerEvent | None:
        event = ServerEvent(self._name or "message", "\n".join(self._data)) if self._data else None
        self._name, self._data, self._size = "", [], 0
        return event
