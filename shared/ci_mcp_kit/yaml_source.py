"""Reads a YAML file that a person has written, with the line of every key and value.

Scalars are read as in the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/, section 10.3): `on`, `off`, `yes` and
`no` are text, only `true` and `false` are booleans, so that `mode: off` of a role is a word. Aliases are refused: such
a file is meant to be read from top to bottom, and with aliases a small file can expand without limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from ci_mcp_kit.variables import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

LARGEST = 64 * 1024  # bytes; such a file has a page or two
_SHOWN = 3  # mistakes on one line
DEEPEST = 20  # levels of nesting; the files that people write here have a handful

# What `yaml.safe_load` raises: PyYAML lets errors of Python's own constructors through, such as those of a date that is
# none or of a number that is too long.
YAML_ERRORS = (yaml.YAMLError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)

KeyPath = tuple[str | int, ...]

_SAID_PLAINLY = {  # the parser's text -> the mistake in plain words
    r"'\t'": "a tab stands where only spaces may",
    "<block end>": "this line is indented otherwise than those before it, or lacks a ':' or '-'",
    "unexpected end of stream": "a quote is opened and never closed",
    "mapping values are not allowed": "a ':' stands where none can; put text that holds ': ' in quotes",
    "another document": "'---' starts a second document, and {file} is one",
}
_PLAIN: dict[re.Pattern[str], Callable[[str], Any]] = {
    re.compile(r"(?:null|Null|NULL|~|)$"): lambda _: None,
    re.compile(r"(?:true|True|TRUE)$"): lambda _: True,
    re.compile(r"(?:false|False|FALSE)$"): lambda _: False,
    # A longer one is text, which every reader of a number refuses: Python raises an error from 4,301 digits on
    # (its documentation, "Integer string conversion length limitation").
    re.compile(r"[-+]?[0-9]{1,18}$"): int,
}


@dataclass(frozen=True)
class Problem:
    """One mistake in a file; lines count from 1."""

    file: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class InvalidFile(Exception):
    """A file cannot be used; the text has one line for every mistake."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (str(problem.file), problem.line)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def as_settings_error(self, variable: str, file: Path | None, takes: str) -> SettingsError:
        """Return the first mistakes on one line, as the error of the variable that names the file."""
        problems = [str(problem) for problem in self.problems]
        more = f"; {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        shown = "; ".join(problems[:_SHOWN])
        return SettingsError(
            f"{variable} is {str(file)!r}: it takes {takes} without mistakes ({shown}{more})", variable
        )


@dataclass(frozen=True)
class Kind:
    """The kind of a file, for messages: "a role file", the content "a role", the start "role: NAME"."""

    file: str
    content: str
    start: str


@dataclass
class Source:
    """The data of a file; `lines` maps each key or list item to its line, counting from 1."""

    file: Path
    data: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """Return the line of the value at `path`, or of the nearest value that contains it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: KeyPath, message: str) -> Problem:
        """Make a problem that points at `path`."""
        return Problem(self.file, self.line(path), message)


def read_source(file: Path, kind: Kind) -> Source:
    """Read a YAML file; `kind` is for the messages about its mistakes.

    Raises:
        InvalidFile: it cannot be read, is not YAML, is empty, or has a key twice.
    """
    source = Source(file, None)
    text = _read_text(file, kind)
    try:
        _check_events(file, text, kind)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "unreadable"
        plainly = next((said for words, said in _SAID_PLAINLY.items() if words in what), what)
        message = f"this is not YAML: {plainly.replace('{file}', kind.file)}"
        raise InvalidFile([Problem(file, mark.line + 1 if mark else 1, message)]) from error
    except yaml.YAMLError as error:
        raise InvalidFile([Problem(file, 1, f"this is not YAML: {str(error).splitlines()[0]}")]) from error
    if node is None:
        raise InvalidFile([Problem(file, 1, f"the file is empty; {kind.content} starts with {kind.start!r}")])
    source.data = _plain(node, (), source)
    if source.problems:
        raise InvalidFile(source.problems)
    return source


def _read_text(file: Path, kind: Kind) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InvalidFile([Problem(file, 1, f"the file cannot be read: {error.strerror}")]) from error
    if len(raw) > LARGEST:
        raise InvalidFile([Problem(file, 1, f"the file has {len(raw)} bytes; {kind.file} has at most {LARGEST}")])
    try:
        # Editors on Windows begin a file with a byte order mark.
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InvalidFile([Problem(file, line, "the file is not UTF-8 text; save it as UTF-8")]) from error


def _check_events(file: Path, text: str, kind: Kind) -> None:
    """Refuse aliases, and nesting so deep that it can only be an attack (the parser's time grows with its square)."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            message = f"'*{event.anchor}' is an alias; {kind.file} spells everything out"
            raise InvalidFile([Problem(file, line, message)])
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise InvalidFile([Problem(file, line, f"this is nested too deeply for {kind.content}")])


def _plain(node: yaml.Node, path: KeyPath, source: Source) -> Any:
    source.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, source)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, index), source) for index, item in enumerate(node.value)]
    text: str = node.value
    # A scalar in quotes has a style, and is text whatever it looks like.
    if isinstance(node, yaml.ScalarNode) and node.style is None:
        for pattern, convert in _PLAIN.items():
            if pattern.match(text):
                return convert(text)
    return text


def _mapping(node: yaml.MappingNode, path: KeyPath, source: Source) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            source.problems.append(Problem(source.file, line, "a key has to be a plain word"))
            continue
        key = key_node.value
        if key in found:
            first = source.lines[(*path, key)]
            source.problems.append(Problem(source.file, line, f"{key!r} is here twice; the first is on line {first}"))
            continue
        source.lines[*path, key] = line
        found[key] = _plain(value_node, (*path, key), source)
    return found
