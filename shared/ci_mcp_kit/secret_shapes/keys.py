"""Finds private keys, which take many lines. Pure, in linear time.

A text that only mentions the first line of a key is none: the lines of a key follow, or nothing is hidden. Whatever
cannot belong to a key ends it, so that no text can hide the ordinary lines after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.secret_shapes.false_positives import may_go_on
from ci_mcp_kit.secret_shapes.shape import pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from ci_mcp_kit.secret_shapes.shape import Span

_LABEL = r"(?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)"
# RFC 7468, OpenPGP's blocks (RFC 9580, 6.2), the keys of ssh.com (RFC 4716 has the public ones), and PuTTY's (manual,
# appendix C).
_BEGIN = rf"-----BEGIN {_LABEL}-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----|Private-Lines: \d{{1,4}}\b"
_END = rf"-----END {_LABEL}-----|---- END SSH2 ENCRYPTED PRIVATE KEY ----|Private-MAC: [0-9a-f]{{40,64}}\b"

_MARKERS = ("PRIVATE KEY", "Static key V1", "Private-Lines:")  # one of them is in every first line

_HEADER = r"(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID|Subject|X-[\w-]+): .{0,200}|#.{0,80}"
_BODY = r"[A-Za-z0-9+/]{4,}={0,2}|=[A-Za-z0-9+/]{4}"
_DECORATION = " \t\"'`,;+\\"  # around each line of a key in a source file or a shell
_ESCAPED_END = r"(?:\\{1,8}[nr])+$"
# A key on one line: pieces with blanks or escaped line ends between them; the last may be short if the end follows.
_ONE_LINE = (
    r"(?:(?:[\s,:]|\\{1,8}[nr]|(?:Proc-Type|DEK-Info): [\w,-]{1,80})*[A-Za-z0-9+/=]{16,}){1,1000}"
    r"(?:[ \r\t]|\\{1,8}[nr])*(?:[A-Za-z0-9+/=]{0,80}(?:[ \r\t]|\\{1,8}[nr])*" + f"(?:{_END}))?"
)
_MOST_LINES = 400  # a key of 16,384 bits has 200
_LONGEST = (
    50_000  # characters of a key on one line; without a limit, a long line would be searched once for each marker
)
_WIDEST = 1_000  # characters of a line of a key, with what is around it
_LEAST_WIDTH = 32  # characters of a line of a key whose end is missing


def key_spans(text: str) -> Iterator[Span]:
    """Yield the spans of private keys, from the first line to the last."""
    if not any(marker in text for marker in _MARKERS):
        return
    kept_from = 0
    for begin in pattern(_BEGIN).finditer(text):
        if begin.start() < kept_from:
            continue
        one_line = pattern(_ONE_LINE).match(text, begin.end(), _line_end(text, begin.end()))
        end = one_line.end() if one_line else _end_of_lines(text, begin)
        if end is not None:
            kept_from = end
            yield begin.start(), end


def _end_of_lines(text: str, begin: re.Match[str]) -> int | None:
    """Return where the lines of a key end that follow its first line; None if none of a key follows.

    The lines of a key are equally long, but for the last one. Where the end is missing, a shorter line is the last one
    unless it is a word.
    """
    nearby = max(0, begin.start() - _WIDEST)
    margin = begin.start() - max(nearby, text.rfind("\n", nearby, begin.start()) + 1)
    at, width, ended, last = _line_end(text, begin.end()), 0, False, None
    for _ in range(_MOST_LINES):
        if at >= len(text):
            break
        start, at = at + 1, _line_end(text, at + 1)
        if width and (end := pattern(_END).search(text, start, at)):
            return end.end()
        line = _of_a_key(text[start:at], margin)
        if line is None or (line and line[0] != "=" and (ended or 0 < width < len(line))):
            break
        width = width or len(line)
        ended = bool(line) and len(line) < width and line[0] != "="
        if line and (not ended or line[-1] == "=" or may_go_on(line)):
            last = at
    return last if width >= _LEAST_WIDTH else None


def _of_a_key(line: str, margin: int) -> str | None:
    """Return the part of a key in a line; "" for a header or an empty line, None for a line of something else.

    A line may begin with what is also before the key's first line, such as a time stamp.
    """
    if len(line) > _WIDEST:
        return None
    rest = pattern(_ESCAPED_END).sub("", line[margin:].strip(_DECORATION)).strip(_DECORATION)
    if not rest or pattern(_HEADER).fullmatch(rest):
        return ""
    return rest if pattern(_BODY).fullmatch(rest) else None


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at, at + _LONGEST)
    return min(len(text), at + _LONGEST) if end < 0 else end
