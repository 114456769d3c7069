"""Time stamps at the beginning of lines: an answer shows them once for all of its lines. Pure.

Lines are stamped where a container, a collector or the tool that prints them does so.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# RFC 3339 and its relatives with a blank, a slash, a comma or without an offset; a clock alone; logfmt's time="...".
# GitLab adds the number and the letter of the stream, and a `+` without a blank where a line goes on (gitlab-runner 17,
# FF_TIMESTAMPS). Jenkins' clock is followed by two blanks (plugins.jenkins.io/timestamper).
_STAMP = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z \d\d[EO](?:\+|[ \t]|$)|\d\d:\d\d:\d\d  "
    r"|(?:\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?"
    r"|\[?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]?"
    r'|time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?")(?:[ \t]|$)',
    re.ASCII,
)
STAMP_BEGINS = frozenset("0123456789[t")  # the first characters that a stamp may have, which is quicker to test
_VALUES = str.maketrans("", "", "0123456789.,+EO")  # E and O: streams
_SAMPLE = 256  # lines of a log, spread over it, in which its form is looked for
_LEAST = 4  # lines of the sample that must begin with a stamp of that form
_ROOM = 56  # tokens: two of the longest stamps, and what they mean


def stamp_of(line: str) -> str:
    """Return the time stamp at the beginning of a line, including the blank after it; "" for none."""
    found = _STAMP.match(line) if line[:1] in STAMP_BEGINS else None
    return found[0] if found else ""


def form_of(stamp: str) -> str:
    """Return the form of a stamp: the stamp without its digits, which is equal for all stamps of that form."""
    return stamp.strip().translate(_VALUES)


def common_form(lines: Sequence[str]) -> str:
    """Return the form of the time stamps at the beginning of most lines; "" where hardly a line has one."""
    stamps = map(stamp_of, lines[:: len(lines) // _SAMPLE + 1])
    found = Counter(form_of(stamp) for stamp in stamps if stamp).most_common(1)
    return found[0][0] if found and found[0][1] >= _LEAST else ""


def split_stamp(line: str, form: str) -> tuple[str, str]:
    """Return the time stamp of a line, "" where it has none of that form, and the rest of the line."""
    stamp = stamp_of(line) if form else ""
    if not stamp or form_of(stamp) != form:
        return "", line
    # Of two blanks the second may be the indentation of the rest.
    return stamp.strip(), line[len(stamp) - stamp.endswith("  ") :]


def stamps_room(form: str) -> int:
    """Return how many tokens an answer needs to say the first and the last time of lines stamped in that form."""
    return _ROOM if form else 0
