"""Removes from the lines of a log all that a terminal would not show. Pure.

Numbers stay those of the log: no line is added, dropped or joined here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_mcp_kit.redact import MARK
from ci_mcp_kit.sanitize import sanitize
from ci_mcp_logs.log_text import LogText
from ci_mcp_logs.timestamps import common_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drone_mcp_client.steplog import StepLog

# Line ends that are none in a log: Drone's runners split at line feeds only.
_ODD_ENDS = re.compile("[\x85\u2028\u2029]")
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY")
_KEY_LINES = 300  # a block that never ends must not hide the rest of the log


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
