"""Signs: patterns by which a line speaks for a class of failure, by tool.

Each table in `signs/` holds several tools, and adding one needs no code. A tool has lists of patterns by role:

    report.CLASS   a line that only this tool writes about a failure of this class
    summary.CLASS  its count or last word on failures of this class
    code.CLASS     an error code in a line; it counts beside the report of the same line
    hint.CLASS     a wording of many tools, which alone is no more than a guess
    heading        what the tool prints about itself, whatever went wrong
    command        the command or the image that runs it
    exit           exit codes that it ends with where something failed
    limit          true where its messages say that the machine or the CI server ended what ran there

Only the first four speak for a class; the others confirm that the tool is the one that has spoken. A line's generic
beginning (`Error:`, `fatal:`, `ERROR`) is a sign of no tool, because too many share it.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from ci_mcp_logs.distill.anchor_tables import branches

if TYPE_CHECKING:
    from collections.abc import Iterable

_SET_MEMORY = 32 << 20  # bytes; with too little, a set answers as if nothing matched (google/re2, re2/set.h, Match)


class Sign(NamedTuple):
    """What a pattern means where it matches: `kind` is the class that it speaks for; "" of one that confirms a tool."""

    tool: str
    role: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class SignTable:
    """All patterns, by tool its exit codes and the classes that its messages speak for, and the tools of limits."""

    patterns: tuple[tuple[str, Sign], ...]
    exits: dict[str, frozenset[int]]
    reported: dict[str, frozenset[str]]
    limits: frozenset[str]


@functools.cache
def sign_table() -> SignTable:
    """Return the signs of all tables."""
    files = resources.files(__package__).joinpath("signs").iterdir()
    texts = [file.read_text(encoding="utf-8") for file in sorted(files, key=lambda file: file.name)]
    tools = [pair for text in texts for pair in tomllib.loads(text).items()]
    patterns: list[tuple[str, Sign]] = []
    for tool, table in tools:
        for role, some in table.items():
            if isinstance(some, dict):
                patterns += ((one, Sign(tool, role, kind)) for kind, alike in some.items() for one in alike)
            elif role not in {"exit", "limit"}:
                patterns += ((one, Sign(tool, role)) for one in some)
    exits = {tool: frozenset(table.get("exit", ())) for tool, table in tools}
    reported = {tool: frozenset(table.get("report", ())) for tool, table in tools}
    limits = frozenset(tool for tool, table in tools if table.get("limit"))
    return SignTable(tuple(patterns), exits, reported, limits)


class _Automaton:
    """Patterns as one automaton."""

    def __init__(self, rows: Iterable[tuple[str, Sign]], *, at_start: bool) -> None:
        import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; on first use, to start fast

        options = re2.Options()
        options.max_mem = _SET_MEMORY
        self._set = (re2.Set.MatchSet if at_start else re2.Set.SearchSet)(options)
        self._signs = []
        for pattern, sign in rows:
            self._set.Add(pattern)
            self._signs.append(sign)
        self._set.Compile()

    def signs_in(self, text: bytes) -> list[Sign]:
        return [self._signs[index] for index in self._set.Match(text) or ()]


@functools.cache
def _automata(*, of_commands: bool) -> tuple[_Automaton, _Automaton]:
    """Return the automaton for beginnings of lines, and that for anywhere: mixed, they would have many more states."""
    rows = [
        (branch, sign)
        for pattern, sign in sign_table().patterns
        if (sign.role == "command") is of_commands
        for branch in branches(pattern)
    ]
    begin = [row for row in rows if row[0].removeprefix("(?i)").startswith("^")]
    anywhere = [row for row in rows if row not in begin]
    return _Automaton(begin, at_start=True), _Automaton(anywhere, at_start=False)


def signs_in_line(line: bytes) -> set[Sign]:
    """Return the signs in a line of a log."""
    return {sign for automaton in _automata(of_commands=False) for sign in automaton.signs_in(line)}


def tools_of_command(command: str) -> set[str]:
    """Return the tools that a command or an image runs."""
    text = command.encode("utf-8", "replace")
    return {sign.tool for automaton in _automata(of_commands=True) for sign in automaton.signs_in(text)}
