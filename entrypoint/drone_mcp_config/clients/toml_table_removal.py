"""Removes tables from a TOML text, and leaves the comments below them. Pure.

tomlkit takes the comments below a table for a part of it, and removes them with it; mostly they are about the next one.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

# All repetitions are possessive, without backtracking, so that a hostile file is read in linear time.
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}'
    r"|'''(?:[^']|'(?!''))*+'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*+"'
    r"|'[^'\n]*+'"
    r"|(?P<comment>\#[^\r\n]*+)"
    r"|(?P<open>[\[{])|(?P<close>[\]}])",
    re.DOTALL,
)


def remove_tables(text: str, root: str, names: AbstractSet[str]) -> str:
    """Return a valid text without its tables `[root.NAME]`, and without those in them."""
    headers = list(_headers(text))
    parts = [text[: headers[0][0]] if headers else text]
    for (start, path), (end, _) in pairwise([*headers, (len(text), ())]):
        section = text[start:end]
        if path[:1] == (root,) and names & {*path[1:2]}:
            # The comments at its end stay, with the blank lines around them.
            lines = section.splitlines(keepends=True)
            first = len(lines)
            while not lines[first - 1].strip() or lines[first - 1].lstrip().startswith("#"):
                first -= 1
            below = "".join(lines[first:])
            section = below if "#" in below else ""
        parts.append(section)
    return "".join(parts)


def comments(text: str) -> Counter[str]:
    """Count the comments of a valid text."""
    return Counter(token["comment"] for token in _TOKEN.finditer(text) if token["comment"])


def _headers(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the position and the path of each header of a table."""
    depth = 0
    for token in _TOKEN.finditer(text):
        line = text.rfind("\n", 0, token.start()) + 1
        # Outside of arrays and inline tables, nothing else begins a line with a bracket.
        if token["open"] and depth == 0 and not text[line : token.start()].strip():
            table = tomllib.loads(text[line:].partition("\n")[0].rstrip("\r"))
            path: list[str] = []
            while table:
                key, value = next(iter(table.items()))
                path.append(key)
                table = value[0] if isinstance(value, list) else value
            yield line, tuple(path)
        depth += bool(token["open"]) - bool(token["close"])
