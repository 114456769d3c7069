"""Undoes escapes, so that a secret is found in JSON, in an address and between written-out colours. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.secret_shapes.shape import pattern

if TYPE_CHECKING:
    import re

ESCAPES = rb"%[2-7][0-9A-Fa-f]|\\|&(?:quot|apos|amp|lt|gt|#3[49]);|\^\[\["  # where a line may hold one
_ESCAPE = (
    r"%(?P<percent>[2-7][0-9A-Fa-f])|\\{1,8}(?:u00|x)(?P<code>[2-7][0-9A-Fa-f])|\\{1,8}(?P<letter>[nrt\"'/_-])"
    r"|(?P<entity>&(?:quot|apos|amp|lt|gt|#3[49]);)|(?:\\{1,8}(?:0?33|e|x1[bB]|u001[bB])|\^\[)\[[0-9;]{0,20}m"
)


def unescape(line: str) -> str:
    """Return `line` with its escapes replaced by the characters that they encode. It stays one line."""
    return pattern(_ESCAPE).sub(_meaning, line)


def origins(line: str) -> list[int]:
    """Return where each character of the unescaped `line` began in `line`, with the end of the last."""
    found, at = [], 0
    for match in pattern(_ESCAPE).finditer(line):
        found += [*range(at, match.start()), *([match.start()] * len(_meaning(match)))]
        at = match.end()
    return [*found, *range(at, len(line) + 1)]


def _meaning(escape: re.Match[str]) -> str:
    if code := escape["percent"] or escape["code"]:
        return chr(int(code, 16))
    if escape["entity"]:
        from html import unescape as unescape_html  # noqa: PLC0415 - on first use, to start fast

        return unescape_html(escape["entity"])
    letter = escape["letter"] or ""  # none: a colour
    return "\r" if letter in {"n", "r"} else "\t" if letter == "t" else letter
