"""The part of a line by which it is judged, and what it costs to show a line. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ci_mcp_logs.ci_markup import STAMP_BEGINS, stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterable

# Colours that a tool wrote as text (`^[[31m`), in the caret notation of terminals and `cat -v`.
_CARET_ESCAPE = re.compile(r"\^\[\[[0-9;]*[A-Za-z]")
# What programs that run others put before each line of theirs: BuildKit (`#12 24.70 `, in a report `24.70 `), Compose
# (`web_1  | `), Turborepo and Lerna (`@acme/web:build: `), Jenkins' parallel stages and Ant (`[stage] `; a tag that is
# a level or a result says something itself), Packer and Vagrant (`==> default: `), a Git server (`remote: `), Bazel
# (`(12:03:04) `), and the process that a sanitizer stopped (`==2231==`).
_PREFIX = re.compile(
    r"(?:#\d+ )?\d{1,4}\.\d{1,3} (?=\s*\S)"
    r"|[\w.-]{1,60}[_-]\d+ +\| ?"
    r"|@[\w.-]{1,60}/[\w.-]{1,60}(?::[\w:-]{1,60})?: "
    r"|(?!(?:error|warning|fatal|panic):)[a-z][\w/-]{0,60}:[a-z][\w-]{0,60}: (?=\S)"
    r"|\[(?!(?:error|errors|info|warn|warning|debug|trace|notice|fail|failed|failure|fatal|severe|critical|ok|success|pass"
    r"|passed|skip|skipped|run|pipeline)\b)(?-i:(?=[^\]]*[a-z]))[a-z@][\w.@/ :-]{1,60}\] (?=\S)"
    r"|==> [\w.-]{1,60}: "
    r"|remote: "
    r"|\(\d\d:\d\d:\d\d\) "
    r"|(?:= ?)?==\d+==(?= ?[A-Z])",
    re.IGNORECASE,
)
_PREFIXES = 2  # as of a tool that Compose runs below BuildKit
# How a shell, a package manager, Docker and workflows write the command that they run.
_COMMAND = re.compile(r"[+$>] \S|(?:#\d+ \[[^\]]*\d+/\d+\]|Step \d+/\d+ :|##\[group\]Run|travis_time:start:\w+\s*\$) ")
READ = 400  # characters of a line by which it is judged
_LONGEST = 4096  # characters of a line that are looked at; the rest is neither judged nor shown
_LEAST_SHOWN = 60  # characters of a line that is cut: fewer do not identify it


class Line(NamedTuple):
    """One line of the log: its 1-based number, and its text without trailing white space."""

    number: int
    text: str


def trimmed(lines: Iterable[str]) -> list[str]:
    """Return lines without trailing white space, and of very long ones the beginning."""
    return [line[:_LONGEST].rstrip() for line in lines]


def own_text(text: str) -> str:
    """Return what a tool itself wrote: the text without time stamp, prefixes of others, and escapes written as text."""
    if "^[[" in text:
        text = _CARET_ESCAPE.sub("", text)
    if text[:1] in STAMP_BEGINS:  # most lines are spared the call
        text = text[len(stamp_of(text)) :]
    for _ in range(_PREFIXES):
        prefix = _PREFIX.match(text)
        if prefix is None:
            break
        text = text[prefix.end() :]
    return text


def begins_command(text: str) -> bool:
    """Return whether a line is the one with which a command begins."""
    return _COMMAND.match(own_text(text[:READ])) is not None


def pattern_input(text: str) -> bytes:
    """Return the beginning of a tool's own text in UTF-8: the form that patterns and words are read in."""
    return own_text(text)[:READ].encode("utf-8", "replace")


def shown_part(text: str, longest: int) -> str:
    """Return the part of a line that is shown, of at most `longest` characters, without a run of blanks at the cut."""
    return text if len(text) <= longest else text[: max(len(text[:longest].rstrip()), _LEAST_SHOWN)]


def token_cost(number: int, length: int) -> float:
    """Return the cost of showing `length` characters of a line: a token is four, number and separators included."""
    return (len(str(number)) + 3 + length) / 4
