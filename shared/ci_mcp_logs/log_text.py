"""The log of one step: its lines as a terminal shows them, and their numbers. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ci_mcp_logs.terminal import terminal_lines
from ci_mcp_logs.timestamps import common_form

if TYPE_CHECKING:
    from collections.abc import Sequence


_BATCH = 4096  # lines that are encoded at a time: encoding all at once would take up to three times their memory


@dataclass(frozen=True)  # without slots, which would leave no room for the cached property
class LogText:
    """A step's log, taken apart once: whoever reads, searches, distils or compares it works on these lines.

    Attributes:
        lines: the lines as a terminal shows them, without line ends.
        size: bytes of the log as it was written.
        first_pos: how many writes came before the first line; above 0, the head is lost.
        running: whether the step still writes.
        starts: of a live log only: for each line, the position of the write that began it.
        resume: of a live log only: the number and the position from which to go on. That is the last line again where
            it has no end yet.
        stamps: the form of the time stamps with which its lines begin, which answers show once; "" for none.
        number: of the first line, where that is not 1. A log whose beginning was not read is counted from its end, by
            negative numbers: -1 is the last line.
    """

    lines: tuple[str, ...]
    size: int = 0
    first_pos: int = 0
    running: bool = False
    starts: tuple[int, ...] = ()
    resume: tuple[int, int] = (1, 0)
    stamps: str = ""
    number: int | None = None

    @classmethod
    def from_raw(cls, raw: Sequence[str], *, size: int = 0, first_pos: int = 0) -> LogText:
        """Return the text of a stored log from its lines as they were written, without line feeds."""
        lines = terminal_lines(raw)
        return cls(lines, size, first_pos, stamps=common_form(lines))

    @cached_property
    def data(self) -> bytes:
        """All lines in UTF-8, each with a line feed: searching them at once is much faster than line by line."""
        batches = (self.lines[start : start + _BATCH] for start in range(0, len(self.lines), _BATCH))
        return b"".join(("\n".join(batch) + "\n").encode("utf-8", "replace") for batch in batches)

    @property
    def head_lost(self) -> bool:
        """Whether lines before the first are gone."""
        return self.first_pos > 0

    @property
    def first(self) -> int:
        """Number of the first line.

        A stored log without its head counts from the first line that is left. A live one counts from the position of
        its first write, so that numbers go up while its beginning drops out of what the CI server replays.
        """
        if self.number is not None:
            return self.number
        return self.first_pos + 1 if self.running else 1

    @property
    def last(self) -> int:
        """Number of the last line; `first - 1` where there is none."""
        return self.first + len(self.lines) - 1

    def with_stamps(self) -> LogText:
        """Return the text without the form of its stamps, so that lines are shown with them."""
        return replace(self, stamps="")
