"""Anchors: what the lines of known tools mean. Each tool is a table in `anchors/`, and adding one needs no code.

An anchor has a `role`, which says what its line is to the failure:

    head     opens a block of evidence (a failing test's heading, a traceback's first line) of up to `lines` lines
    cause    says itself what is wrong (a compiler's message, an assertion)
    frame    a detail below a cause: stack frames, quoted source
    summary  counts or lists failures
    exit     the failing command's end is known here
    passed   a command or test that went well
    command  a command begins
    noise    looks like a failure and is none
"""

import functools
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from .text import unstamped

ROLES = ("noise", "passed", "command", "frame", "summary", "exit", "cause", "head")
_READ = 400  # characters of a line that are looked at
_SET_MEMORY = 64 << 20  # bytes; too little and the set falls back to giving no answer


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


@dataclass(frozen=True, slots=True)
class Mark:
    """What the anchors say of one line."""

    role: str = ""
    anchor: Anchor | None = None


NO_MARK = Mark()


@functools.cache
def anchors() -> tuple[Anchor, ...]:
    """All tables, in the order of their names."""
    tables = sorted(
        (entry for entry in resources.files(__package__).joinpath("anchors").iterdir() if entry.name.endswith(".toml")),
        key=lambda entry: entry.name,
    )
    return tuple(anchor for table in tables for anchor in _read(table.read_text(encoding="utf-8")))


def _read(table: str) -> list[Anchor]:
    """The rows of one table."""
    content = tomllib.loads(table)
    common = {key: content[key] for key in ("tool", "kind") if key in content}
    return [Anchor(**(common | row)) for row in content["anchor"]]


class _Automaton:
    """Some anchors' patterns as one automaton, and which mark each stands for."""

    def __init__(self, chosen: list[Anchor]) -> None:
        import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; on first use, to start fast

        options = re2.Options()
        options.max_mem = _SET_MEMORY
        self._set = re2.Set.SearchSet(options)
        for anchor in chosen:
            self._set.Add(anchor.pattern)
        self._set.Compile()
        self._marks = [Mark(anchor.role, anchor) for anchor in chosen]

    def marks(self, text: bytes) -> list[Mark]:
        return [self._marks[index] for index in self._set.Match(text) or ()]


@functools.cache
def _automata() -> tuple[_Automaton, _Automaton]:
    """Patterns that begin with the line, and those that search it: mixed, they would have far more states."""
    begin = [anchor for anchor in anchors() if _begins(anchor)]
    return _Automaton(begin), _Automaton([anchor for anchor in anchors() if not _begins(anchor)])


def _begins(anchor: Anchor) -> bool:
    return anchor.pattern.startswith("^") and "|^" not in anchor.pattern


_WEIGHT = {"noise": len(ROLES)} | {role: place for place, role in enumerate(ROLES) if place}


def mark(text: str) -> Mark:
    """The most telling anchor of a line, if any."""
    return mark_of(unstamped(text[:_READ]).encode("utf-8", "replace"))


def mark_of(raw: bytes, *, telling: bool = True) -> Mark:
    """The most telling anchor of an encoded line without its time stamp; noise overrules all.

    A line without any telling word (see `scan`) is only looked at by anchors of how a line begins.
    """
    begin, search = _automata()
    found = begin.marks(raw)
    if telling:
        found += search.marks(raw)
    return max(found, key=lambda its: _WEIGHT[its.role], default=NO_MARK)


@functools.cache
def _compiled(pattern: str) -> Any:
    import re2  # noqa: PLC0415 - on first use, to start fast

    return re2.compile(pattern)


def failing_test(its: Mark, text: str) -> str | None:
    """The name of the failing test that a marked line gives, if its anchor knows where it stands."""
    if its.anchor is None or "(?P<test>" not in its.anchor.pattern:
        return None
    found = _compiled(its.anchor.pattern).search(unstamped(text[:_READ]))
    return found.group("test").strip() if found and found.group("test") else None


_PLACE = re.compile(
    r"(?:^|[\s(\[\"'@=])(?P<place>(?:[A-Za-z]:\\)?[\w@+.\-/\\]{1,200}\.[A-Za-z]\w{0,9}"
    r"(?:[:(]\[?\d{1,7}|\", line \d{1,7}))"
)
_FOREIGN = re.compile(
    r"node_modules/|site-packages/|/usr/|/\.cargo/|/rustc/|/\.rvm/|/gems/|/go/pkg/|/vendor/|internal/"
)


def source_place(text: str) -> str | None:
    """The first file and line in a text, as `file:line`; libraries' files do not count."""
    found = _PLACE.search(text[:_READ])
    if not found or _FOREIGN.search(found["place"]):
        return None
    return re.sub(r'(?:\(|:\[?|", line )(?=\d+$)', ":", found["place"])
