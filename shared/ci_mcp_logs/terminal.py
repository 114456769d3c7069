"""Turns the raw lines of a log into what a terminal shows of them. Pure.

Line numbers stay those of the log: no line is added, dropped or joined.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ci_mcp_kit.redact import redact_shapes
from ci_mcp_kit.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Sequence

# Unicode line ends (Unicode Standard 15, section 5.8) that end no line of a log: runners split at line feeds only.
_OTHER_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
# The time of a line in an escape sequence that, unlike others of its kind, ends as a terminal's title does
# (buildkite/agent v3, core: BKTimestamp).
_HIDDEN_TIME = re.compile("\x1b_bk;[^\x07\n]{1,40}\x07")


def terminal_lines(raw: Sequence[str]) -> tuple[str, ...]:
    """Return each line as a terminal shows it in the end, safe to pass on.

    Escape sequences and hidden characters are removed. Of a line that was overwritten after carriage returns, as a
    progress bar is, the last state is kept. Secrets are replaced here, where the whole log is at hand: a line alone may
    lack what tells that it is a part of one.

    Args:
        raw: the lines without their line feeds.
    """
    written = "\n".join(raw)
    text = _HIDDEN_TIME.sub("", written) if "\x1b_bk;" in written else written
    if "\r" in text:
        text = "\n".join(_last_state(line) if "\r" in line else line for line in text.split("\n"))
    if not text.isascii():
        text = _OTHER_LINE_ENDS.sub(" ", text)
    text = redact_shapes(sanitize(text))
    return tuple(raw if text == written else text.split("\n"))  # most logs of a runner without colours stay as they are


def _last_state(line: str) -> str:
    """Return the last state of an overwritten line that shows anything."""
    states = (sanitize(state) for state in reversed(line.split("\r")))
    return next((state for state in states if state.strip()), "").replace("\n", " ")
