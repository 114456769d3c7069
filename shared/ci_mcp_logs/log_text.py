"""The log of one step: its lines as a terminal shows them, and their numbers. Pure.

Numbers of lines stay those of the log: no line is added, dropped or joined.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ci_mcp_kit.redact import redact_shapes
from ci_mcp_kit.sanitize import sanitize
from ci_mcp_logs.ci_markup import common_form

if TYPE_CHECKING:
    from collections.abc import Sequence

# Unicode line ends (Unicode Standard 15, section 5.8) that end no line of a log: runners split at line feeds only.
_OTHER_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
# The time of a line in an escape sequence that, unlike others of its kind, ends as a terminal's title does
# (buildkite/agent v3, core: BKTimestamp).
_HIDDEN_TIME = re.compile("\x1b_bk;[^\x07\n]{1,40}\x07")


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


def terminal_lines(raw: Sequence[str]) -> tuple[str, ...]:
    """Return each line as a terminal shows it in the end, safe to pass on.

    Escape sequences and hidden characters are removed. Of a line that was overwritten after carriage returns, as a
    progress bar is, the last state that shows anything is kept. Secrets are replaced here, where the whole log is at
    hand: a line alone may lack what tells that it is a part of one.

    Args:
        raw: the lines without their line feeds.
    """
    written = "\n".join(raw)
    text = _HIDDEN_TIME.sub("", written) if "\x1b_bk;" in written else written
    if "\r" in text:
        lines = text.split("\n")
        for index, line in enumerate(lines):
            if "\r" in line:
                states = (sanitize(state) for state in reversed(line.split("\r")))
                lines[index] = next((state for state in states if state.strip()), "").replace("\n", " ")
        text = "\n".join(lines)
    if not text.isascii():
        text = _OTHER_LINE_ENDS.sub(" ", text)
    text = redact_shapes(sanitize(text))
    return tuple(raw if text == written else text.split("\n"))  # most logs of a runner without colours stay as they are
