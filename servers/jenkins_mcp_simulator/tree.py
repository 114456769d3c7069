"""Jenkins' `tree` parameter: which fields of which objects an answer has. Pure.

Its grammar is that of jenkinsci/stapler, core/src/main/java/org/kohsuke/stapler/export/NamedPathPruner.java: names
separated by commas, the fields of an object in brackets, a half-open range of a list in braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_TOKEN: Final = re.compile(r"[^][{},]+|[][{},]")
_RANGE: Final = re.compile(r"(\d*)(?:,(\d*))?")


class MalformedTree(ValueError):
    """It does not follow the grammar; Jenkins answers 500."""


@dataclass(frozen=True)
class Selection:
    """The fields that are asked for, by name, and the part of a list; `*` stands for every field."""

    fields: Mapping[str, Selection] = field(default_factory=dict)
    start: int = 0
    stop: int | None = None

    def of(self, name: str) -> Selection | None:
        """Return the requested parts of a field, None if it is not requested."""
        return self.fields.get(name) or self.fields.get("*")


@dataclass(frozen=True)
class Exported:
    """An object as the API shows it.

    Attributes:
        java_class: the value of `_class`; None where the field already says it, as for a health report.
        fields: name -> function that returns the value, called only for a field that is asked for.
    """

    java_class: str | None
    fields: Mapping[str, Callable[[], Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportedList:
    """A list of which only the entries that are asked for are exported: it may have thousands."""

    items: Sequence[Any]
    make: Callable[[Any], Exported]


def parse_tree(text: str) -> Selection:
    """Parse the parameter.

    Raises:
        MalformedTree: it does not follow the grammar.
    """
    tokens = _TOKEN.findall(text)
    fields, rest = _parse_fields(tokens, 0)
    if rest != len(tokens):
        raise MalformedTree(text)
    return Selection(fields)


def export(value: Any, selection: Selection) -> Any:
    """Return a value as JSON data with the selected fields."""
    if isinstance(value, Exported):
        shown = {} if value.java_class is None else {"_class": value.java_class}
        asked = ((name, read, selection.of(name)) for name, read in value.fields.items())
        return shown | {name: export(read(), wanted) for name, read, wanted in asked if wanted is not None}
    if isinstance(value, ExportedList):
        chosen = value.items[selection.start : selection.stop]
        return [export(value.make(item), Selection(selection.fields)) for item in chosen]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        # A range on the field of an object is ignored; the entries have no range of their own.
        inner = Selection(selection.fields)
        return [export(entry, inner) for entry in value[selection.start : selection.stop]]
    return value


def _parse_fields(tokens: list[str], at: int) -> tuple[dict[str, Selection], int]:
    fields: dict[str, Selection] = {}
    while True:
        if at >= len(tokens) or tokens[at] in "[]{},":
            raise MalformedTree("a name is missing")
        name, at = tokens[at], at + 1
        inner: dict[str, Selection] = {}
        if at < len(tokens) and tokens[at] == "[":
            inner, at = _parse_fields(tokens, at + 1)
            if at >= len(tokens) or tokens[at] != "]":
                raise MalformedTree("a bracket is not closed")
            at += 1
        start, stop = 0, None
        if at < len(tokens) and tokens[at] == "{":
            start, stop, at = _parse_range(tokens, at + 1)
        fields[name] = Selection(inner, start, stop)
        if at >= len(tokens) or tokens[at] != ",":
            return fields, at
        at += 1


def _parse_range(tokens: list[str], at: int) -> tuple[int, int | None, int]:
    """Return start and stop of a range and the index after it: {a,b}, {a,}, {,b}, or {a} for one entry."""
    end = next((index for index in range(at, len(tokens)) if tokens[index] == "}"), None)
    match = _RANGE.fullmatch("".join(tokens[at:end])) if end is not None else None
    if end is None or match is None:
        raise MalformedTree("a range is not one")
    start = int(match[1] or 0)
    if match[2] is None:
        return start, start + 1, end + 1
    return start, int(match[2]) if match[2] else None, end + 1
