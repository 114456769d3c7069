"""Anchors: patterns for the lines of known tools, and their meaning.

Each tool is a table in `anchors/`, and adding one needs no code.

An anchor has a `role`, the part of its line in the failure:

    head     opens a block of evidence (a failing test's heading, a traceback's first line) of up to `lines` lines
    cause    says itself what is wrong (a compiler's message, an assertion)
    frame    a detail below a cause: stack frames, quoted source
    summary  counts or lists failures
    exit     the failing command's end is known here
    passed   a command or test that went well
    command  a command begins
    cleanup  what a build does after a failure: it removes containers, keeps reports, uploads coverage
    noise    looks like a failure and is none
"""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from itertools import filterfalse
from typing import TYPE_CHECKING, Any

from ci_mcp_logs.distill.line_words import READ, own_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROLES = ("noise", "passed", "command", "cleanup", "frame", "summary", "exit", "cause", "head")
_SET_MEMORY = 64 << 20  # bytes; with too little, a set answers as if nothing matched (google/re2, re2/set.h, Match)


@dataclass(frozen=True, slots=True)
class Anchor:
    """One row of a tool's table: a pattern for lines without their time stamp."""

    tool: str
    name: str
    role: str
    pattern: str
    kind: str = ""  # class of failure this speaks for: test, compile, lint, dependency, ...
    lines: int = 0  # how many lines below belong to it
    final: bool = False  # after this line only cleaning up follows


NO_ANCHOR = Anchor("", "", "", "")  # of a line that no pattern matches


@functools.cache
def anchors() -> tuple[Anchor, ...]:
    """Return the rows of all tables, in the order of the tables' names."""
    files = resources.files(__package__).joinpath("anchors").iterdir()
    found: list[Anchor] = []
    for file in sorted((file for file in files if file.name.endswith(".toml")), key=lambda file: file.name):
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        common = {key: table[key] for key in ("tool", "kind") if key in table}
        found += [Anchor(**(common | row)) for row in table["anchor"]]
    return tuple(found)


@functools.cache
def _ranking() -> tuple[Anchor, ...]:
    """Return all anchors by rank: the more telling the later, noise last, equal ones in the order of their tables."""
    rank_of = {role: rank for rank, role in enumerate((*ROLES[1:], "noise"))}
    return (NO_ANCHOR, *sorted(anchors(), key=lambda anchor: rank_of[anchor.role]))


class _Automaton:
    """Patterns as one automaton, and for each the rank of its anchor; both ascend."""

    def __init__(self, rows: Iterable[tuple[int, str]], *, at_start: bool = False) -> None:
        import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; on first use, to start fast

        options = re2.Options()
        options.max_mem = _SET_MEMORY
        self._set = (re2.Set.MatchSet if at_start else re2.Set.SearchSet)(options)
        self._ranks = []
        for rank, pattern in rows:
            self._set.Add(pattern)
            self._ranks.append(rank)
        self._set.Compile()

    def best(self, lines: Iterable[bytes]) -> list[int]:
        """Return the highest rank of a pattern that is found in each line; 0 for none."""
        return [self._ranks[max(found)] if found else 0 for found in map(self._set.Match, lines)]


@functools.cache
def _automata() -> tuple[_Automaton, _Automaton, _Automaton]:
    """Return three automata: patterns for the beginning of a line, and the branches of all others.

    These are again for the beginning, and for anywhere in a line. Mixed, they would have many times the states, and an
    automaton's states are made when a line first needs them.
    """
    begin: list[tuple[int, str]] = []
    rest: list[tuple[int, str]] = []
    for rank, anchor in enumerate(_ranking()[1:], 1):
        rows = [(rank, branch) for branch in branches(anchor.pattern)]
        (begin if len(rows) == 1 and _at_start(rows[0]) else rest).extend(rows)
    return (
        _Automaton(begin, at_start=True),
        _Automaton(filter(_at_start, rest), at_start=True),
        _Automaton(filterfalse(_at_start, rest)),
    )


def _at_start(row: tuple[int, str]) -> bool:
    return row[1].startswith("^")


_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]|[()|]|[^\\\[()|]+")


def branches(pattern: str) -> list[str]:
    """Return the alternatives of a pattern, each with the pattern's flags."""
    flags = "(?i)" if pattern.startswith("(?i)") else ""
    found, depth = [""], 0
    for piece in _PIECE.findall(pattern, len(flags)):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and not depth:
            found.append("")
        else:
            found[-1] += piece
    return [flags + branch for branch in found]


def anchors_in(lines: Sequence[bytes], *, telling: bool) -> list[Anchor]:
    """Return the most telling anchor of each encoded line without its time stamp; noise overrules all.

    Lines without any telling word (see `indicative_lines`) are matched with patterns for the beginning of a line only.
    """
    begin, further, search = _automata()
    ranks = begin.best(lines)
    if telling:
        ranks = list(map(max, ranks, further.best(lines), search.best(lines)))
    return list(map(_ranking().__getitem__, ranks))


@functools.cache
def _compiled(pattern: str) -> Any:
    import re2  # noqa: PLC0415 - on first use, to start fast

    return re2.compile(pattern)


def failing_test(anchor: Anchor, text: str) -> str | None:
    """Return the name of the failing test that a line with this anchor gives, if the pattern has a group for it."""
    if "(?P<test>" not in anchor.pattern:
        return None
    found = _compiled(anchor.pattern).search(own_text(text[:READ]))
    return found.group("test").strip() if found and found.group("test") else None


_PLACE = re.compile(
    r"(?:^|[\s(\[\"'@=])(?P<place>(?:[A-Za-z]:\\)?[\w@+.\-/\\]{1,200}\.[A-Za-z]\w{0,9}"
    r"(?:[:(]\[?\d{1,7}|\", line \d{1,7}))"
)
# A part of every place that is much quicker to search for in lines without one.
_EXTENSION = re.compile(r"\.[A-Za-z]\w{0,9}(?:[:(]\[?\d|\", line \d)")
_OF_LIBRARY = re.compile(
    r"node_modules/|site-packages/|/usr/|/\.cargo/|/rustc/|/\.rvm/|/gems/|/go/pkg/|/vendor/|internal/"
)


def source_place(text: str) -> str | None:
    """Return the first file and line in a text, as `file:line`; libraries' files do not count."""
    text = text[:READ]
    found = _PLACE.search(text) if _EXTENSION.search(text) else None
    if not found or _OF_LIBRARY.search(found["place"]):
        return None
    return re.sub(r'(?:\(|:\[?|", line )(?=\d+$)', ":", found["place"])
