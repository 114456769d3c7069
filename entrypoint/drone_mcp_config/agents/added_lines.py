"""Reads the lines that commits add from the output of `git log --patch`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Larger files are binary to git's diff then (git-config(1), core.bigFileThreshold).
LARGEST_FILE = "16m"
# -c: of a merge, only what neither side has, as the commits of each side are read themselves.
LOG = (
    "-c", f"core.bigFileThreshold={LARGEST_FILE}", "-c", "core.quotePath=false", "log", "--format=%x00%H%x00%B%x00",
    "--patch", "-c", "--unified=0", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv", "--no-prefix",
    "--find-renames", "--ignore-missing",
)  # fmt: skip
_COMMIT = re.compile(rb"\0([0-9a-f]{40,64})\0")
_INDEX = re.compile(rb"index [0-9a-f,]+\.\.([0-9a-f]{40,64})")
_BINARY = re.compile(rb"Binary files (?:.* and )?(.*?) ?differ")
# git-diff(1), "Combined diff format": a merge has an old range for each parent.
_HUNK = re.compile(rb"@@+((?: -\d+(?:,\d+)?)+) \+(\d+)(?:,(\d+))? @@+")
_RANGE = re.compile(rb"-\d+(?:,(\d+))?")


@dataclass
class Addition:
    """The lines that one hunk of a commit adds, or its message, or a binary file.

    Attributes:
        commit: "" only before the first one.
        file: its path; "" for the message of the commit.
        line: the number of the first line.
        lines: of text.
        blob: of a binary file, the id of its content.
    """

    commit: str
    file: str = ""
    line: int = 1
    lines: tuple[str, ...] = ()
    blob: str = ""


def read_additions(output: Iterable[bytes]) -> Iterator[Addition]:
    """Yield what each commit adds, its message first; `output` is that of `git log` with the options above."""
    lines = iter(output)
    commit = file = blob = ""
    for raw in lines:
        if match := _COMMIT.match(raw):
            commit, file = match[1].decode(), ""
            yield Addition(commit, lines=tuple(_message(raw[match.end() :], lines)))
        elif raw.startswith(b"+++ "):
            file = _name(raw[4:])
        elif match := _INDEX.match(raw):
            blob = match[1].decode()
        elif match := _BINARY.match(raw):
            yield Addition(commit, _name(match[1]), blob=blob)
        elif match := _HUNK.match(raw):
            yield Addition(commit, file, int(match[2]), tuple(_added(match, lines)))


def _message(first: bytes, lines: Iterator[bytes]) -> Iterator[str]:
    text, end, _ = first.partition(b"\0")
    yield _decoded(text)
    while not end:
        text, end, _ = next(lines, b"\0").partition(b"\0")
        yield _decoded(text)


def _added(hunk: re.Match[bytes], lines: Iterator[bytes]) -> Iterator[str]:
    """Yield the added lines of a hunk. Its lines are counted, as an added one may look like a header."""
    old = [int(match[1] or b"1") for match in _RANGE.finditer(hunk[1])]
    new = int(hunk[3] or b"1")
    while (new > 0 or any(left > 0 for left in old)) and (raw := next(lines, None)) is not None:
        if raw.startswith(b"\\"):  # "\ No newline at end of file"
            continue
        signs = raw[: len(old)]
        is_here = b"-" not in signs
        new -= is_here
        old = [
            left - (sign == ord("-") or (is_here and sign == ord(" "))) for left, sign in zip(old, signs, strict=True)
        ]
        if is_here and b"+" in signs:
            yield _decoded(raw[len(old) :])


def _name(path: bytes) -> str:
    return _decoded(path).strip().strip('"')


def _decoded(text: bytes) -> str:
    return text.decode(errors="replace").removesuffix("\n")
