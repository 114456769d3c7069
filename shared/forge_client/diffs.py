"""Takes the text of a diff apart: files, hunks, lines. Pure.

The format is git's (git/git v2.47.0, Documentation/diff-generate-patch.txt), as every forge sends it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_HUNK: Final = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_ESCAPE: Final = re.compile(rb'\\([abtnvfr"\\]|[0-7]{3})')
_ESCAPED: Final = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))
_NOWHERE: Final = "/dev/null"


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that changed together, with those around them.

    Attributes:
        old_start: the number of its first line before the change.
        new_start: the number of its first line after the change.
        lines: each begins with " ", "+" or "-"; a backslash begins a remark about a missing line end.
    """

    old_start: int
    new_start: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What changed in one file.

    Attributes:
        path: its name after the change, or before it if the file was deleted.
        previous_path: its name before the change, "" where that was the same or there was none.
        is_binary: whether git shows no lines of it.
        hunks: none for a binary file, and where only its name or mode changed.
    """

    path: str
    previous_path: str = ""
    is_binary: bool = False
    hunks: tuple[Hunk, ...] = ()


def split_diff(text: str) -> tuple[FileDiff, ...]:
    """Return the files of a diff, in its order. What does not look like one is left out."""
    # Not splitlines(): a line of a file may contain other characters that it takes for line ends.
    lines = iter(text.split("\n"))
    files: list[FileDiff] = []
    for line in lines:
        if line.startswith("diff --git "):
            # `a/NAME b/NAME`; if the two names differ, other lines have them.
            names = line.removeprefix("diff --git ")
            middle = len(names) // 2
            old, new = _unquote(names[:middle])[2:], _unquote(names[middle + 1 :])[2:]
            files.append(FileDiff(new if old == new else ""))
        elif files:
            hunk = _HUNK.match(line)
            files[-1] = _read_header(files[-1], line) if hunk is None else _add_hunk(files[-1], hunk, lines)
    return tuple(files)


def _read_header(file: FileDiff, line: str) -> FileDiff:
    """Return the file with what one line outside its hunks says of it."""
    if line.startswith("\\") and file.hunks:  # about the line before, the last of its hunk
        *others, last = file.hunks
        return replace(file, hunks=(*others, replace(last, lines=(*last.lines, line))))
    word, _, rest = line.partition(" ")
    if word in {"---", "+++"}:
        # After a name with a space comes a tab.
        name = _unquote(rest.removesuffix("\t"))
        if name == _NOWHERE:
            return file
        name = name[2:]  # without a/ or b/
        return replace(file, path=name) if word == "+++" or not file.path else file
    if word in {"rename", "copy"}:
        side, _, name = rest.partition(" ")
        name = _unquote(name)
        return replace(file, previous_path=name) if side == "from" else replace(file, path=name)
    if line.startswith(("Binary files ", "GIT binary patch")):
        return replace(file, is_binary=True)
    return file


def _add_hunk(file: FileDiff, header: re.Match[str], lines: Iterator[str]) -> FileDiff:
    """Return the file with a hunk, whose lines are taken from `lines`.

    They are counted, because a removed line "-- a" looks like a header.
    """
    old_left, new_left = (1 if count is None else int(count) for count in header.group(2, 4))
    found: list[str] = []
    while old_left > 0 or new_left > 0:
        line = next(lines, None)
        if line is None:
            break
        found.append(line)
        old_left -= not line.startswith(("+", "\\"))
        new_left -= not line.startswith(("-", "\\"))
    return replace(file, hunks=(*file.hunks, Hunk(int(header[1]), int(header[3]), tuple(found))))


def _unquote(name: str) -> str:
    """Return a name that git has written in quotes if it has odd characters (git-config, core.quotePath)."""
    if not (name.startswith('"') and name.endswith('"') and len(name) > 1):
        return name

    def plain(escape: re.Match[bytes]) -> bytes:
        code = escape[1]
        return bytes([int(code, 8) & 0xFF if code.isdigit() else _ESCAPED[code[0]]])

    return _ESCAPE.sub(plain, name[1:-1].encode()).decode("utf-8", "replace")
