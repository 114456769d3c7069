"""Reads a rule file, and reports every mistake with file and line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.suggesting import suggest
from ci_mcp_kit.yaml_source import InvalidFile, Kind, Source, read_source
from ci_mcp_logs.diagnosis.verdicts import CLASSES
from drone_mcp_policy import rule_values
from drone_mcp_policy.rules import TRANSIENT, Retries, Rule, Rules, When
from drone_mcp_policy.states import ACTIONS, STATES, USED_IN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ci_mcp_kit.yaml_source import KeyPath, Problem

DEFAULT: Final = Path(__file__).with_name("default.yaml")

_KIND: Final = Kind(file="a rule file", content="a rule file", start="rules:")
_MOST_RULES = 200

_FILE: Final[dict[str, Any]] = {"zone": rule_values.read_time_zone, "rules": None, "next": None}
_RULE: Final[dict[str, Any]] = {
    "rule": rule_values.read_rule_name,
    "when": None,
    "then": lambda value: rule_values.read_word(value, ACTIONS),
    "retries": None,
    "reason": rule_values.read_text,
    "next": rule_values.read_tool_names,
}
_WHEN: Final[dict[str, Any]] = {
    "status": lambda value: frozenset(rule_values.read_words(value, STATES)),
    "repo": rule_values.read_texts,
    "branch": rule_values.read_texts,
    "event": lambda value: rule_values.read_words(value, rule_values.EVENTS),
    "target": rule_values.read_texts,
    "trigger": rule_values.read_texts,
    "stage": rule_values.read_texts,
    "step": rule_values.read_texts,
    "exit_code": rule_values.read_exit_codes,
    "error": rule_values.read_pattern,
    "failure_class": lambda value: rule_values.read_words(value, CLASSES),
    "time": rule_values.read_times,
}
_RETRIES: Final[dict[str, Any]] = {
    "most": rule_values.read_retries,
    "back_off": rule_values.read_duration,
    "hourly": rule_values.read_hourly_limit,
}
_NEXT: Final[dict[str, Any]] = dict.fromkeys(ACTIONS, rule_values.read_tool_names)


def read_rules(file: Path | None = None) -> Rules:
    """Read a rule file; None: the rules that come with the server.

    Raises:
        InvalidFile: with every mistake, one on each line.
    """
    given = _read(file or DEFAULT)
    if file is None:
        return given
    # A file that says nothing about the tools of an action has those of the shipped rules.
    return replace(given, tools={**_read(DEFAULT).tools, **given.tools})


def _read(file: Path) -> Rules:
    source = read_source(file, _KIND)
    reading = _RulesReader(source)
    rules = reading.file()
    if reading.problems:
        raise InvalidFile(reading.problems)
    return rules


@dataclass
class _RulesReader:
    """One file being read; mistakes are collected, so that a person sees all of them at once."""

    source: Source
    problems: list[Problem] = field(default_factory=list)

    def file(self) -> Rules:
        values = self._table((), self.source.data, _FILE, "a rule file")
        if isinstance(self.source.data, dict) and "rules" not in self.source.data:
            self._complain((), "a rule file has no 'rules'")
        rules = self._rules(values.get("rules", []))
        tools: dict[Any, tuple[str, ...]] = self._table(("next",), values.get("next", {}), _NEXT, "'next'")
        return Rules(tuple(rules), self.source.file.name, values.get("zone", UTC), tools)

    def _rules(self, items: Any) -> list[Rule]:
        if not isinstance(items, list) or len(items) > _MOST_RULES:
            self._complain(
                ("rules",), f"{rule_values.describe_found(items)} where a list of at most {_MOST_RULES} rules belongs"
            )
            return []
        rules = [self._rule(("rules", index), item) for index, item in enumerate(items)]
        first: dict[str, Rule] = {}
        for index, rule in enumerate(rules):
            if rule.name and rule.name in first:
                message = f"a rule {rule.name!r} is there already, on line {first[rule.name].line}"
                self._complain(("rules", index, "rule"), message)
            first.setdefault(rule.name, rule)
        return rules

    def _rule(self, path: KeyPath, item: Any) -> Rule:
        values = self._table(path, item, _RULE, "a rule")
        written = values.get("when", {})
        when = self._table((*path, "when"), written, _WHEN, "'when'")
        limits = self._table((*path, "retries"), values.get("retries", {}), _RETRIES, "'retries'")
        for key in ("rule", "then"):
            if isinstance(item, dict) and key not in item:
                self._complain(path, f"a rule has no {key!r}")
        rule = Rule(
            # Placeholders where a key is missing or wrong: that is a mistake, and a file with mistakes gives no rules.
            name=values.get("rule", ""),
            then=values.get("then", "stop"),
            when=When(**when),
            retries=Retries(**limits),
            reason=values.get("reason", ""),
            tools=values.get("next", ()),
            line=self.source.line(path),
            written=written if isinstance(written, dict) else {},
        )
        if "then" in values:  # without it, every check would complain of the placeholder
            self._check_sense(path, rule, has_limits="retries" in values)
        return rule

    def _check_sense(self, path: KeyPath, rule: Rule, *, has_limits: bool) -> None:
        """Refuse rules that would loop or could never apply."""
        wrong = sorted(rule.when.status - USED_IN[rule.then])
        if wrong:
            right = ", ".join(sorted(USED_IN[rule.then]))
            message = f"{rule.then!r} cannot be done about a build that is {wrong[0]}; it is for {right}"
            self._complain((*path, "when", "status"), message)
        if rule.then != "retry":
            if has_limits:
                self._complain(
                    (*path, "retries"), f"only a rule that says 'then: retry' has 'retries', not {rule.then!r}"
                )
            return
        never = [kind for kind in rule.when.failure_class if kind not in TRANSIENT]
        classes = ", ".join(sorted(TRANSIENT))
        if never:
            message = f"a failure of class {never[0]!r} is never retried; those that may be are {classes}"
            self._complain((*path, "when", "failure_class"), message)
        elif not rule.when.failure_class:
            self._complain(path, f"a rule that retries names the classes that it is for in 'failure_class': {classes}")

    def _table(self, path: KeyPath, value: Any, readers: Mapping[str, Any], name: str) -> dict[str, Any]:
        """Read a mapping whose keys are known; a reader of None leaves its value for later."""
        if not isinstance(value, dict):
            self._complain(path, f"{rule_values.describe_found(value)} where {name} as a mapping (name: value) belongs")
            return {}
        read: dict[str, Any] = {}
        for key, item in value.items():
            if key not in readers:
                self._complain((*path, key), f"{key!r} is not a key of {name}. {suggest(key, readers, 'It has')}")
                continue
            try:
                read[key] = item if readers[key] is None else readers[key](item)
            except ValueError as error:
                self._complain((*path, key), f"{key}: {error}")
        return read

    def _complain(self, path: KeyPath, message: str) -> None:
        self.problems.append(self.source.problem(path, message))
