"""Changes members of a mapping in a YAML text that has a line for each key. Pure.

PyYAML marks the position of each node; lines without a changed member stay as they are, comments included. YAML has
more styles than are handled here, so the caller has to parse the result and compare it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDTH = 120
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")

Pair = tuple[yaml.Node, yaml.Node]


def dump(data: object) -> str:
    """Write YAML in the order of the data."""
    dumped: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=WIDTH)
    return dumped


def change(text: str, key: str, wanted: Mapping[str, Any]) -> str:
    """Make `wanted` the mapping under `key` of a document whose outermost value is a mapping.

    Members that are wanted as they are stay as they are, others are replaced, removed, or added after the last one.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs: list[Pair] = root.value if isinstance(root, yaml.MappingNode) else []
    holder = next((pair for pair in pairs if pair[0].value == key), None)
    if holder is None:
        column = pairs[0][0].start_mark.column if pairs else 0
        return _with_line_end(text) + _indented({key: dict(wanted)}, column)
    name, value = holder
    if isinstance(value, yaml.MappingNode) and value.value and not value.flow_style:
        return _with_members(text, value.value, wanted)
    if has_comment(text[value.start_mark.index : value.end_mark.index]):
        return text  # members in braces: there is no way to keep it
    line = _line_end(text, value.end_mark.index)
    kept = text[: name.end_mark.index] + ":" + text[value.end_mark.index : line]
    return _with_line_end(kept) + _indented(dict(wanted), name.start_mark.column + 2) + text[line:]


def has_comment(text: str) -> bool:
    """Return whether there is a `#` outside all tokens."""
    end = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if "#" in text[end : token.start_mark.index]:
            return True
        end = max(end, token.end_mark.index)
    return "#" in text[end:]


def _with_members(text: str, pairs: list[Pair], wanted: Mapping[str, Any]) -> str:
    column = pairs[0][0].start_mark.column
    parts: list[str] = []
    done = 0
    for key, value in pairs:
        # Whole lines, from the start of the one that the key is on.
        start, end = key.start_mark.index - column, _line_end(text, _end(value))
        parts.append(text[done:start])
        if key.value in wanted:
            entry, before = wanted[key.value], yaml.SafeLoader("").construct_document(value)
            parts.append(text[start:end] if before == entry else _indented({key.value: entry}, column))
        done = end
    known = {key.value for key, _ in pairs}
    added = {name: entry for name, entry in wanted.items() if name not in known}
    # The comments below the last member that are indented like it belong to it.
    below = re.compile(rf"(?:[ \t]*(?:\r\n|\n))*+ {{{column},}}#[^\r\n]*(?:\r\n|\n|\Z)")
    after = done
    while match := below.match(text, after):
        after = match.end()
    parts.append(text[done:after])
    kept = "".join(parts)
    return (_with_line_end(kept) + _indented(added, column) if added else kept) + text[after:]


def _indented(data: dict[str, Any], column: int) -> str:
    return "".join(" " * column + line for line in dump(data).splitlines(keepends=True)) if data else ""


def _end(node: yaml.Node) -> int:
    """Return where the text of a node ends; PyYAML's own end of a block lies behind the comments after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return max(map(_end, last)) if isinstance(last, tuple) else _end(last)
    end: int = node.end_mark.index
    return end


def _line_end(text: str, at: int) -> int:
    """Return where the next line starts; `at` if a line starts there."""
    if at and text[at - 1] in "\r\n":
        return at
    match = _LINE.match(text, at)
    return match.end() if match else len(text)


def _with_line_end(text: str) -> str:
    return text if not text or text.endswith(("\n", "\r")) else f"{text}\n"
