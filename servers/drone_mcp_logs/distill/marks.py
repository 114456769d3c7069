"""Anchors: what the lines of known tools mean. Each tool is a table in `anchors/`, and adding one needs no code.

An anchor has a `role`, which says what its line is to the failure:

    head     opens a block of evidence (a failing test's heading, a traceback's first line); up to `lines` lines belong to it
    cause    says itself what is wrong (a compiler's message, an assertion)
    frame    a detail below a cause: stack frames, quoted source
    summary  counts or lists failures
    exit     the failing command's end is known here
    passed   a command or test that went well
    command  a command begins
    noise    looks like a failure and is none
"""

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

import re2

ROLES = ("noise", "passed", "command", "frame", "summary", "exit", "cause", "head")
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


@functools.cache
def _set() -> Any:
    """All patterns as one automaton."""
    options = re2.Options()
    options.max_mem = _SET_MEMORY
    automaton = re2.Set.SearchSet(options)
    for anchor in anchors():
        automaton.Add(anchor.pattern)
    automaton.Compile()
    return automaton


@functools.cache
def _marks() -> tuple[Mark, ...]:
    return tuple(Mark(anchor.role, anchor) for anchor in anchors())


@functools.cache
def _weights() -> tuple[int, ...]:
    return tuple(ROLES.index(anchor.role) if anchor.role != "noise" else len(ROLES) for anchor in anchors())


def mark(text: str) -> Mark:
    """The most telling anchor of a line; noise overrules all."""
    found = _set().Match(text.encode("utf-8", "replace"))
    if not found:
        return NO_MARK
    weights = _weights()
    return _marks()[max(found, key=weights.__getitem__)]
