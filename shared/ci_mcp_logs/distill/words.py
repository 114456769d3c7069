"""Splits a line into the words that the model knows weights of."""

from __future__ import annotations

from itertools import pairwise

# These limits are part of what the model has learned: changing one means learning it anew.
_READ = 160  # bytes of a line that are scored
_WORDS = 18
_DEEPEST = 9  # characters of indent; further ones are not told apart

_SEPARATORS = b"()[]{},;=/'\"`|<>.\\\t\r"
_NORMAL = bytes.maketrans(b"0123456789" + _SEPARATORS, b"0" * 10 + b" " * len(_SEPARATORS))
BLANK = b"~blank"  # the only feature of a line without words
INDENT = b"~indent"  # begins the name of a line's indent (a digit) and first byte


def split_line(raw: bytes) -> tuple[list[bytes], int, int]:
    """Return the first words of a line without its time stamp, its indent, and the first byte behind that.

    Works on bytes: translating and splitting those is several times faster than any regular expression.
    """
    body = raw[:_READ]
    found = body.lower().translate(_NORMAL).split(None, _WORDS)[:_WORDS]
    depth = len(body) - len(body.lstrip()) if found else 0
    return found, min(depth, _DEEPEST), body[depth] if found else 0


def feature_names(raw: bytes) -> list[bytes]:
    """Return the features of a line by name: its words, pairs of words, its beginning, its indent."""
    found, depth, first = split_line(raw)
    if not found:
        return [BLANK]
    return [*found, *map(b" ".join, pairwise(found)), b"^" + b" ".join(found[:2]), INDENT + b"%d%c" % (depth, first)]


def indent_of(name: bytes) -> tuple[int, int]:
    """Return the indent and the first byte that such a name stands for."""
    depth, first = name.removeprefix(INDENT)[:2]
    return depth - ord("0"), first
