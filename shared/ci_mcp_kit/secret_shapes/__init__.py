"""The shapes of secrets: where in a text something has the form of a secret. Pure, in linear time.

Harmless values that are common in build logs stay: commit ids, digests, UUIDs, checksums, references to secrets.

Modules:
    shape       Shape, Finder: patterns, each tried only where a literal text of it is found
    false_positives placeholders, words, random texts
    tokens      the formats of issuers' tokens
    names       what the name of a value says about it
    named       values with the name of a secret
    requests    headers, cookies, passwords in addresses
    commands    arguments of commands
    keys        private keys of many lines
    unescaping  the text that escapes stand for
"""

from __future__ import annotations

import functools
import itertools
from bisect import bisect_right
from typing import TYPE_CHECKING

from ci_mcp_kit.secret_shapes.commands import COMMANDS, argument_spans
from ci_mcp_kit.secret_shapes.false_positives import may_go_on
from ci_mcp_kit.secret_shapes.keys import key_spans
from ci_mcp_kit.secret_shapes.named import NAMED
from ci_mcp_kit.secret_shapes.requests import REQUESTS
from ci_mcp_kit.secret_shapes.shape import Finder, lines_with, pattern
from ci_mcp_kit.secret_shapes.tokens import TOKENS, unlisted_spans
from ci_mcp_kit.secret_shapes.unescaping import ESCAPES, origins, unescape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_mcp_kit.secret_shapes.shape import Span

APART = "\n\0\n"  # between texts that are not neighbours: no pattern goes across
_NEXT_LINE = r"\n[ \t|>]{0,40}(?P<rest>[A-Za-z0-9+/=_.~-]{8,4000})(?=[ \t]*[\"']?[ \t]*(?:\n|$))"


def secret_spans(text: str) -> list[Span]:
    """Return the spans of everything in `text` that has the form of a secret; none overlaps another.

    One that ends with its line goes on where the next line is random text.
    """
    found = list(_spans_in(text))
    lines = list(lines_with(ESCAPES, text.encode("ascii", "replace")))
    if lines:
        # Some show only when the escapes in a line are undone.
        plain = [unescape(text[start:end]) for start, end in lines]
        starts = list(itertools.accumulate((len(line) + len(APART) for line in plain), initial=0))
        for first, last in _spans_in(APART.join(plain)):
            number = bisect_right(starts, first) - 1
            start, end = lines[number]
            places, at = origins(text[start:end]), starts[number]
            found.append((start + places[first - at], start + places[min(last - at, len(plain[number]))]))
    merged: list[Span] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    spans = []
    for start, end in merged:
        last = end
        while (more := pattern(_NEXT_LINE).match(text, last)) and may_go_on(more["rest"]):
            last = more.end()
        spans.append((start, last))
    return spans


def _spans_in(text: str) -> Iterator[Span]:
    return itertools.chain(key_spans(text), _finder().spans(text), unlisted_spans(text), argument_spans(text))


@functools.cache
def _finder() -> Finder:
    return Finder((*TOKENS, *NAMED, *REQUESTS, *COMMANDS))
