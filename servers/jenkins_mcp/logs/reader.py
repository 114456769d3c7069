"""Reads parts of the log of a build or of one of its steps.

Jenkins knows logs by bytes and answers show lines. The size of what was received says nothing about offsets, as notes
are left out and line ends change on the way. So a place in a log is an offset that Jenkins itself named, and a number
of lines after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from ci_mcp_kit.errors import ServiceFailed
from ci_mcp_logs.log_text import LogText
from jenkins_mcp.client import calls

if TYPE_CHECKING:
    from jenkins_mcp.client.client import JenkinsClient
    from jenkins_mcp.client.console import LogPart
    from jenkins_mcp.client.names import JobName

END: Final = 512 * 2**10  # bytes that are read for an end of a log: far more than any answer shows
MOST: Final = 16 * 2**20  # bytes that are read of one log
# Of a running build Jenkins sends so many lines at most, and the rest on further requests (MAX_LINES_READ in
# jenkinsci/stapler, core/src/main/java/org/kohsuke/stapler/framework/io/LargeText.java).
BATCH: Final = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a log.

    Attributes:
        base: an offset at the beginning of a line.
        number: of the line there; 0 where it is not known, as what comes before was not read.
        index: lines between the two.
    """

    base: int = 0
    number: int = 1
    index: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """A part of a log.

    Attributes:
        text: its lines; where what comes before was not read, they are counted from the end of the log.
        base: where it begins.
        size: bytes of the whole log.
        is_cut: whether the log goes on after it.
        after: the place behind it, where Jenkins named one.
    """

    text: LogText
    base: Place
    size: int
    is_cut: bool = False
    after: Place | None = None

    def place(self, index: int) -> Place:
        """Return the place of a line by its index, or of what comes after the last."""
        if self.after and index >= len(self.text.lines):
            return self.after
        return replace(self.base, index=index)


@dataclass(frozen=True, slots=True)
class LogReader:
    """Reads one log: the console log of a build, or that of the step with the node `step`."""

    client: JenkinsClient
    job: JobName
    build: int
    step: str = ""

    async def read_end(self, size: int = END) -> Reading:
        """Read the last bytes, with one request where Jenkins can."""
        part = await self._end(size)
        if part.start and not part.text and size < MOST:
            part = await self._end(MOST)  # the last line is longer than that
        return await _reading(part, _base_of(part))

    async def read_all(self) -> Reading:
        """Read the whole log, or the end of one that is larger than `MOST`."""
        return await self.read_end(MOST)

    async def read_from(self, place: Place, size: int = MOST) -> Reading:
        """Read from the base of a place on, `size` bytes at most."""
        part = await self._from(place.base, size)
        # Jenkins starts over where the log has become shorter.
        base = replace(place, index=0) if part.start == place.base else Place()
        reading = await _reading(part, base)
        if part.is_cut:
            return reading
        return replace(reading, after=Place(part.end, base.number and base.number + len(reading.text.lines)))

    async def read_before(self, place: Place) -> Reading:
        """Read what comes before the base of a place, as many bytes as for an end."""
        after = await self._from(place.base, MOST)
        older = await self._end(min(MOST, after.end - place.base + END))
        if older.end != after.end:
            after = await self._from(place.base, MOST)  # it has grown in between
        lines, known = _lines(older.text), len(_lines(after.text))
        older = replace(older, text="".join(f"{line}\n" for line in lines[: max(0, len(lines) - known)]), is_cut=True)
        return await _reading(older, _base_of(older), lines_after=known)

    async def _end(self, size: int) -> LogPart:
        try:
            part = await self.client.send(calls.read_log_end(self.job, self.build, size, step=self.step))
        except ServiceFailed:
            # Jenkins before 2.534 knows no offsets from the end, and some versions fail at them.
            part = await self.client.send(calls.measure_log(self.job, self.build, step=self.step))
        if part.text or part.start or not part.end:
            return part
        # Only the length has come. A part from an offset may begin within a line, and is sent with longer line ends.
        return await self._from(max(0, part.end - size), 3 * size)

    async def _from(self, start: int, size: int) -> LogPart:
        part = await self.client.send(calls.read_log(self.job, self.build, start, step=self.step, enough=size))
        read = part
        while not (part.is_complete or part.is_cut) and read.text.count("\n") >= BATCH and len(part.text) < size:
            read = await self.client.send(calls.read_log(self.job, self.build, part.end, step=self.step, enough=size))
            if read.start != part.end:
                break
            part = replace(read, text=part.text + read.text, start=part.start)
        return part


def _base_of(part: LogPart) -> Place:
    return Place(part.start, 0) if part.start else Place()


async def _reading(part: LogPart, base: Place, lines_after: int = 0) -> Reading:
    # In a thread: it takes a second for the largest, in which the event loop would serve no other call.
    return await anyio.to_thread.run_sync(_read_text, part, base, lines_after)


def _read_text(part: LogPart, base: Place, lines_after: int) -> Reading:
    text = LogText.from_raw(_lines(part.text), size=part.end)
    number = base.number or -(len(text.lines) + lines_after)
    if part.is_cut and not lines_after:
        number = base.number or 1  # neither its beginning nor its end was read
    text = replace(text, number=number, running=not part.is_complete)
    return Reading(text, base, part.end, part.is_cut)


def _lines(text: str) -> list[str]:
    # A carriage return ends the lines of Windows; within one, it begins the line anew.
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]
