"""Reads a file with alert rules, and reports every mistake with file and line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.suggesting import suggest
from ci_mcp_kit.yaml_source import InvalidFile, Kind, read_source
from drone_mcp_observe.ci_alerts.rules import CONDITIONS, SEVERITIES, AlertRule
from drone_mcp_observe.durations import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_kit.yaml_source import KeyPath, Problem, Source

DEFAULT: Final = Path(__file__).with_name("default.yaml")

_KIND: Final = Kind(file="a file with alert rules", content="such a file", start="rules:")
_MOST_RULES: Final = 50
_MOST_GLOBS: Final = 50
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_GLOB: Final = re.compile(r"[^\s/]{1,100}/[^\s/]{1,100}")
_SHARE: Final = re.compile(r"([1-9]\d?|100)%", re.ASCII)


def read_rules(file: Path | None = None) -> tuple[AlertRule, ...]:
    """Read alert rules; None: those that come with the server.

    Raises:
        InvalidFile: with every mistake, one on each line.
    """
    source = read_source(file or DEFAULT, _KIND)
    problems: list[Problem] = []
    items = source.data.get("rules") if isinstance(source.data, dict) else None
    if not isinstance(items, list) or len(items) > _MOST_RULES or set(source.data) != {"rules"}:
        raise InvalidFile([source.problem((), f"it takes one key, 'rules', with a list of up to {_MOST_RULES} rules")])
    rules = [rule for index, item in enumerate(items) if (rule := _read_rule(source, index, item, problems))]
    names = [rule.name for rule in rules]
    problems += [
        source.problem(("rules", index), f"{rule.name!r} is the name of an earlier rule")
        for index, rule in enumerate(rules)
        if rule.name in names[:index]
    ]
    if problems:
        raise InvalidFile(problems)
    return tuple(rules)


def _read_rule(source: Source, index: int, item: Any, problems: list[Problem]) -> AlertRule | None:
    path: KeyPath = ("rules", index)
    if not isinstance(item, dict):
        problems.append(source.problem(path, "a rule is a mapping (name: value)"))
        return None
    values: dict[str, Any] = {}
    before = len(problems)
    for key, value in item.items():
        if key not in _KEYS:
            hint = suggest(key, _KEYS, "It has")
            problems.append(source.problem((*path, key), f"{key!r} is not a key of a rule. {hint}"))
            continue
        field, read = _KEYS[key]
        try:
            values[field] = read(value)
        except ValueError as error:
            problems.append(source.problem((*path, key), f"{key} is {one_line(str(value), 40)!r}: {error}"))
    needed = ["alert", "when", "severity", "longer", *(["share"] if values.get("when") == "flaky" else [])]
    missing = [key for key in needed if key not in item]
    problems += [source.problem(path, f"the rule has no {key!r}") for key in missing]
    if "share" in item and values.get("when", "flaky") != "flaky":
        problems.append(source.problem((*path, "share"), "only a rule with 'when: flaky' has a share"))
    return AlertRule(**values) if len(problems) == before else None


def _read_text(pattern: re.Pattern[str], takes: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(f"it takes {takes}")
        return value

    return read


def _read_word(words: tuple[str, ...]) -> Callable[[Any], str]:
    return _read_text(re.compile("|".join(words)), f"one of {', '.join(words)}")


def _read_duration(value: Any) -> int:
    return parse_duration(value if isinstance(value, str) else "")


def _read_share(value: Any) -> int:
    return int(_read_text(_SHARE, "a share from 1% to 100%")(value)[:-1])


def _read_globs(value: Any) -> tuple[str, ...]:
    globs = value if isinstance(value, list) else [value]
    if not 0 < len(globs) <= _MOST_GLOBS:
        raise ValueError(f"it takes 1 to {_MOST_GLOBS} globs")
    return tuple(_read_text(_GLOB, "globs of repositories, like octo/*")(glob) for glob in globs)


_KEYS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "alert": ("name", _read_text(_NAME, "small letters, digits and '-', starting with a letter")),
    "when": ("when", _read_word(CONDITIONS)),
    "severity": ("severity", _read_word(SEVERITIES)),
    "longer": ("longer", _read_duration),
    "share": ("share", _read_share),
    "repos": ("repos", _read_globs),
}
