"""A log as a person reads it: its lines without what a terminal would not show. Pure.

Numbers stay those of the log: no line is added, dropped or joined here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drone_mcp_kit.redact import MARK
from drone_mcp_kit.sanitize import sanitize
from drone_mcp_logs.stamps import common_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drone_mcp_client.steplog import StepLog

# Line ends that are none in a log: Drone's runners split at line feeds only.
_ODD_ENDS = re.compile("[\x85\u2028\u2029]")
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY")
_KEY_LINES = 300  # a block that never ends must not hide the rest of the log


@dataclass(frozen=True, slots=True)
class LogText:
    """A step's log in plain lines.

    Attributes:
        lines: the lines, plain.
        size: bytes of the log as it was written.
        first_pos: how many writes came before the first line; above 0, the head is lost.
        running: whether the step still writes.
        starts: of a live log only: for each line, Drone's position of the write that began it.
        resume: of a live log only: the number and the position from which to go on. That is the last line again where
            it has no end yet.
        stamps: the form of the time stamps with which its lines begin, which answers show once; "" for none.
    """

    lines: tuple[str, ...]
    size: int = 0
    first_pos: int = 0
    running: bool = False
    starts: tuple[int, ...] = ()
    resume: tuple[int, int] = (1, 0)
    stamps: str = ""

    @property
    def head_lost(self) -> bool:
        """Whether lines before the first are gone."""
        return self.first_pos > 0

    @property
    def first(self) -> int:
        """Number of the first line.

        A stored log without its head counts from the first line that is left. A live one counts from Drone's
        position, so that numbers go up while its beginning drops out of the 5,000 writes that Drone replays.
        """
        return self.first_pos + 1 if self.running else 1

    @property
    def last(self) -> int:
        """Number of the last line; `first - 1` where there is none."""
        return self.first + len(self.lines) - 1

    def with_stamps(self) -> LogText:
        """Return the text so that its lines are shown with their time stamps: for an answer too small to tell them."""
        return replace(self, stamps="")


def stored_text(log: StepLog) -> LogText:
    """Return the plain form of a stored log."""
    lines = plain_lines(log.lines)
    return LogText(lines, log.size, log.first_pos, stamps=common_form(lines))


def plain_lines(raw: Sequence[str]) -> tuple[str, ...]:
    """Return each line as a terminal would show it in the end, safe to pass on.

    Without escape sequences and hidden characters; of a line that was written over with carriage returns (a progress
    bar) only the last state; private keys line by line replaced.
    """
    text = "\n".join(_settled(line) if "\r" in line else line for line in raw)
    if not text.isascii():
        text = _ODD_ENDS.sub(" ", text)
    lines = sanitize(text).split("\n") if raw else []
    return tuple(_without_keys(lines) if "PRIVATE KEY" in text else lines)


def _settled(line: str) -> str:
    """Return the last state of a line that shows anything."""
    states = (sanitize(state) for state in reversed(line.split("\r")))
    return next((state for state in states if state.strip()), "").replace("\n", " ")


def _without_keys(lines: Iterable[str]) -> Iterable[str]:
    """Replace private keys line by line: one that is cut by a window's edge has no beginning to be known by."""
    left = 0
    for line in lines:
        if _KEY_BEGINS.search(line):
            left = _KEY_LINES
        yield MARK if left else line
        left = 0 if _KEY_ENDS.search(line) else max(0, left - 1)
