"""Turns the raw lines of a log into what a terminal shows of them. Pure.

Line numbers stay those of the log: no line is added, dropped or joined.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_mcp_kit.redact import MARK
from ci_mcp_kit.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Unicode line ends (Unicode Standard 15, section 5.8) that end no line of a log: runners split at line feeds only.
_OTHER_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY")  # RFC 7468, and OpenPGP's blocks (RFC 9580, 6.2)
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY")
_KEY_LINES = 300  # a key of 16,384 bits has 200; a block that never ends must not hide the rest of the log


def terminal_lines(raw: Sequence[str]) -> tuple[str, ...]:
    """Return each line as a terminal shows it in the end, safe to pass on.

    Escape sequences and hidden characters are removed. Of a line that was overwritten after carriage returns, as a
    progress bar is, the last state is kept. Private keys are replaced line by line.

    Args:
        raw: the lines without their line feeds.
    """
    written = "\n".join(raw)
    text = written
    if "\r" in text:
        text = "\n".join(_last_state(line) if "\r" in line else line for line in raw)
    if not text.isascii():
        text = _OTHER_LINE_ENDS.sub(" ", text)
    text = sanitize(text)
    lines = raw if text == written else text.split("\n")  # most logs of a runner without colours come back as they are
    return tuple(_without_keys(lines) if "PRIVATE KEY" in text else lines)


def _last_state(line: str) -> str:
    """Return the last state of an overwritten line that shows anything."""
    states = (sanitize(state) for state in reversed(line.split("\r")))
    return next((state for state in states if state.strip()), "").replace("\n", " ")


def _without_keys(lines: Iterable[str]) -> Iterator[str]:
    """Replace private keys line by line: the part of a key in a window may lack the header that identifies it."""
    left = 0
    for line in lines:
        if _KEY_BEGINS.search(line):
            left = _KEY_LINES
        yield MARK if left else line
        left = 0 if _KEY_ENDS.search(line) else max(0, left - 1)
