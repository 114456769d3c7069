"""A TOML file that a person has written: its data, and the line of each mistake in it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomlkit
import tomlkit.exceptions
from tomlkit.items import Table

from ci_mcp_kit.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from drone_mcp_nodes_api.definitions.problems import KeyPath

LARGEST = 256 * 1024  # bytes; a definition has a page or two
_MARK = "marked to find its line"
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")  # in tomllib's messages


@dataclass(frozen=True)
class Mistake:
    """A mistake in a file; lines count from 1."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


class InvalidFile(InvalidInput):
    """Files cannot be used; the message has a line for each mistake."""

    default_next_step = "Correct the file and call again"

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


@dataclass(frozen=True)
class TomlSource:
    """The text of a file and its data."""

    path: Path
    text: str
    data: dict[str, Any]

    def mistake(self, place: KeyPath, text: str) -> Mistake:
        """Return a mistake at a place of the data."""
        return Mistake(self.path, find_line(self.text, place), text)


def read_source(path: Path) -> TomlSource:
    """Read a file.

    Raises:
        InvalidFile: it cannot be read, is too large, or is not TOML.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InvalidFile([Mistake(path, 1, f"the file cannot be read: {error.strerror}")]) from error
    if len(raw) > LARGEST:
        raise InvalidFile([Mistake(path, 1, f"the file has {len(raw)} bytes; the most are {LARGEST}")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InvalidFile([Mistake(path, line, "the file is not UTF-8 text; save it as UTF-8")]) from error
    try:
        return TomlSource(path, text, tomllib.loads(text))
    except RecursionError as error:
        raise InvalidFile([Mistake(path, 1, "the file is nested too deeply")]) from error
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.search(str(error))
        line = int(found[1] or text.count("\n") + 1) if found else 1
        raise InvalidFile([Mistake(path, line, f"this is not TOML: {_PLACE.sub('', str(error))}")]) from error


def find_line(text: str, place: KeyPath) -> int:
    """Return the line of a key or an item, or of the nearest one around it; tomlkit does not tell lines by itself."""
    lines = text.splitlines()
    for length in range(len(place), 0, -1):
        changed = _mark(text, place[:length]).splitlines()
        pairs = enumerate(zip(lines, changed, strict=False), start=1)
        if line := next((number for number, (one, other) in pairs if one != other), None):
            return line
    return 1


def _mark(text: str, place: KeyPath) -> str:
    """Return the text with a change in the line of the place; unchanged where tomlkit cannot make one."""
    *parents, last = place
    try:
        document: Any = tomlkit.parse(text)
        parent = document
        for part in parents:
            parent = parent[part]
        if isinstance(parent[last], Table):
            parent[last].comment(_MARK)
        else:
            parent[last] = _MARK
        return tomlkit.dumps(document)
    except (tomlkit.exceptions.TOMLKitError, LookupError, TypeError, ValueError):
        return text
