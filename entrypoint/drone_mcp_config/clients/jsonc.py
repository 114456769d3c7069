"""Reads JSON with comments and trailing commas, and changes members of an object in place. Pure.

Nothing outside the changed members is touched: comments, spaces, indentation, line ends and a trailing comma stay. The
dialect is VS Code's "JSON with Comments" (documentation, "JSON editing"), which Zed and OpenCode share; plain JSON is
its subset without comments.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Edit = tuple[int, int, str]  # start and end of the text to replace, and the new text

# All repetitions are possessive, without backtracking, so that a hostile file is read in linear time.
# The closing quote is optional: `//` in a string that has none must not be taken for a comment.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
_COMMENT = re.compile(rf"{_STRING}|(?P<comment>//[^\r\n]*+|/\*.*?\*/)|/\*.*", re.DOTALL)
_TRAILING_COMMA = re.compile(
    rf'(?:{_STRING}|[^\s",:\[{{])\s*+(?P<comma>,)(?=\s*+[}}\]])|{_STRING}',  # only after a value
    re.DOTALL,
)
_SPACE = re.compile(r"[ \t\r\n]*+")
_BLANKS = re.compile(r"[ \t]*+")
_IN_LINE = re.compile(r"[^\r\n]")
_LINE_END = re.compile(r"\r\n|\n|\r")
_REST_OF_LINE = re.compile(r"(?:[ \t]*+/\*(?:[^*\r\n]|\*(?!/))*+\*/)*+[ \t]*+(?://[^\r\n]*+)?(?=[\r\n])")
# Only finds where a value ends: `load` has checked the text.
_DECODER = json.JSONDecoder()


def load(text: str) -> Any:
    """Read a document.

    Raises:
        ValueError: it is none, or names a key of an object twice.
        RecursionError: it is nested too deeply.
    """
    plain = _without_trailing_commas(_without_comments(text))
    return json.loads(plain, object_pairs_hook=_pairs, parse_constant=_refuse_constant)


def dump(data: object, indent: str | None = "  ") -> str:
    """Write plain JSON, without a line end; on one line where `indent` is None."""
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which only an escape can hold
        return json.dumps(data, indent=indent)
    return text


def change(text: str, key: str, wanted: Mapping[str, Any]) -> str:
    """Make `wanted` the object under `key` of a document whose outermost value is an object.

    Members that are wanted as they are stay as they are, others are replaced, removed, or added after the last one.
    """
    document = _Document(text)
    whole = document.object_at(document.skip(0))
    holder = whole.member(key)
    if holder is not None and text[holder.value] == "{":
        edits = document.edits(document.object_at(holder.value), wanted)
    else:
        others = {member.key: document.value_of(member) for member in whole.members}
        edits = document.edits(whole, {**others, key: wanted})
    parts: list[str] = []
    done = 0
    # Removals may overlap; edits at the same position keep their order.
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        parts += [text[done:start], new]
        done = max(done, end)
    return "".join([*parts, text[done:]])


@dataclass(frozen=True)
class _Member:
    """The position of a member of an object.

    Attributes:
        start: of its key.
        value: where its value starts.
        end: of its value.
        comma: where the comma after it is.
    """

    key: str
    start: int
    value: int
    end: int
    comma: int | None


@dataclass(frozen=True)
class _Object:
    """The position of an object, and the layout of its members.

    Attributes:
        start: of its opening brace.
        end: of its content, where its closing brace is.
        spread: whether each member has a line of its own; so in an empty object.
        indent: of such a member.
    """

    start: int
    end: int
    members: tuple[_Member, ...]
    spread: bool
    indent: str

    def member(self, key: str) -> _Member | None:
        return next((member for member in self.members if member.key == key), None)


class _Document:
    """A text that `load` has accepted, with the positions of its parts."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._uncommented = _without_comments(text)
        self._strict = _without_trailing_commas(self._uncommented)  # offsets in all three are the same
        line_end = _LINE_END.search(text)
        self._line_end = line_end[0] if line_end else "\n"
        first = next(self._members_at(self.skip(0)), None)
        # The user's own indentation, as the first member of the file shows it.
        self._unit = (first and self._is_first_on_line(first.start) and self._indent_at(first.start)) or "  "

    def skip(self, at: int) -> int:
        """Return where the next token after `at` starts."""
        return _end(_SPACE, self._strict, at)

    def value_of(self, member: _Member) -> Any:
        return _DECODER.raw_decode(self._strict, member.value)[0]

    def object_at(self, start: int) -> _Object:
        members = tuple(self._members_at(start))
        end = _DECODER.raw_decode(self._strict, start)[1] - 1
        if not members:
            return _Object(start, end, members, spread=True, indent=self._indent_at(start) + self._unit)
        first = members[0].start
        spread = bool(_LINE_END.search(self.text, start, first))
        return _Object(start, end, members, spread, self._indent_at(first))

    def edits(self, place: _Object, wanted: Mapping[str, Any]) -> list[Edit]:
        """Return the edits that turn an object into `wanted`."""
        kept = [member for member in place.members if member.key in wanted]
        gone = [member for member in place.members if member.key not in wanted]
        known = {member.key for member in kept}
        added = [
            f"{dump(key)}: {self._written(place, value)}" for key, value in wanted.items() if key not in known
        ]  # fmt: skip
        replaced = list(chain.from_iterable(self._replacement(place, member, wanted[member.key]) for member in kept))
        separator = f",{self._line_end}{place.indent}" if place.spread else ", "
        if kept:
            end = self._end_after(place, kept[-1], added, separator)
            return [*replaced, *end, *self._removals(gone)]
        if gone and added:
            first, *rest = gone
            comma = [] if place.members[-1].comma is not None else self._comma_removal(first)
            return [(first.start, first.end, separator.join(added)), *comma, *self._removals(rest)]
        return self._removals(gone) or [self._filling(place, separator.join(added))]

    def _replacement(self, place: _Object, member: _Member, wanted: Any) -> list[Edit]:
        """Change a value: of an object only what differs, so that the comments in it stay."""
        before = self.value_of(member)
        if before == wanted:
            return []
        if before and wanted and isinstance(before, dict) and isinstance(wanted, dict):
            return self.edits(self.object_at(member.value), wanted)
        return [(member.value, member.end, self._written(place, wanted))]

    def _end_after(self, place: _Object, last: _Member, added: list[str], separator: str) -> list[Edit]:
        """Add members after the last one that stays; the object ends with a comma if it did before."""
        trailing = place.members[-1].comma is not None
        if not added:
            return [] if trailing else self._comma_removal(last)
        after = last.end if last.comma is None else last.comma + 1
        rest = _REST_OF_LINE.match(self.text, after) if place.spread else None
        lead = separator.removeprefix(",")
        new = lead + separator.join(added) + ("," if trailing else "")
        at = rest.end() if rest else after
        return [*([(last.end, last.end, ",")] if last.comma is None else []), (at, at, new)]

    def _filling(self, place: _Object, members: str) -> Edit:
        """Add members to an object without any, after the comments in it."""
        inside = self.text[place.start + 1 : place.end].rstrip(" \t").removesuffix("\n").removesuffix("\r")
        line_end = self._line_end
        filling = f"{line_end}{place.indent}{members}{line_end}{self._indent_at(place.start)}"
        return place.start + 1 + len(inside), place.end, filling

    def _removals(self, members: Iterable[_Member]) -> list[Edit]:
        return list(chain.from_iterable(map(self._removal, members)))

    def _removal(self, member: _Member) -> list[Edit]:
        """Remove a member with its comma, and with its lines where nothing else is on them."""
        start, end, rest = member.start, member.end, self._comma_removal(member)
        if member.comma is not None and not self.text[end : member.comma].strip():
            end, rest = member.comma + 1, []
        line_end = _LINE_END.match(self.text, _end(_BLANKS, self.text, end))
        if line_end and self._is_first_on_line(start):
            return [(self._line_start(start), line_end.end(), ""), *rest]
        if member.comma is not None:
            return [(start, _end(_BLANKS, self.text, end), ""), *rest]
        return [(len(self.text[:start].rstrip(" \t")), end, ""), *rest]

    def _comma_removal(self, member: _Member) -> list[Edit]:
        return [] if member.comma is None else [(member.comma, member.comma + 1, "")]

    def _written(self, place: _Object, value: object) -> str:
        if not place.spread:
            return dump(value, None)
        return dump(value, self._unit).replace("\n", self._line_end + place.indent)

    def _members_at(self, start: int) -> Iterator[_Member]:
        at = self.skip(start + 1)
        while self._strict[at] != "}":
            key, end = _DECODER.raw_decode(self._strict, at)
            value = self.skip(self.skip(end) + 1)
            end = _DECODER.raw_decode(self._strict, value)[1]
            after = _end(_SPACE, self._uncommented, end)
            comma = after if self._uncommented[after] == "," else None
            yield _Member(key, at, value, end, comma)
            at = self.skip(after if comma is None else after + 1)

    def _line_start(self, at: int) -> int:
        return max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at)) + 1

    def _indent_at(self, at: int) -> str:
        start = self._line_start(at)
        return self.text[start : _end(_BLANKS, self.text, start)]

    def _is_first_on_line(self, at: int) -> bool:
        return self._line_start(at) + len(self._indent_at(at)) == at


def _without_comments(text: str) -> str:
    """Replace comments by spaces; one without an end stays, so that the text is refused."""
    return _COMMENT.sub(lambda match: _IN_LINE.sub(" ", match[0]) if match["comment"] else match[0], text)


def _without_trailing_commas(text: str) -> str:
    return _TRAILING_COMMA.sub(lambda match: f"{match[0][:-1]} " if match["comma"] else match[0], text)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            # RFC 8259, section 4, leaves open which one counts, and a change would have to lose one.
            raise ValueError(f"the key {key!r} is there twice")
        found[key] = value
    return found


def _refuse_constant(name: str) -> None:
    # Python's json reads NaN and Infinity, which JSON does not have (RFC 8259, section 6).
    raise ValueError(f"{name} is no JSON")


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
