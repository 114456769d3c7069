"""A rule file is read strictly: every mistake with its line, and what to write instead."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.yaml_source import InvalidFile
from drone_mcp_policy.rules_file import DEFAULT, read_rules
from support.policy_cases import rules_of

if TYPE_CHECKING:
    from pathlib import Path

    from ci_mcp_kit.yaml_source import Problem

RULE = "rules:\n  - rule: a\n    then: stop\n"
RETRY = "rules:\n  - rule: a\n    then: retry\n"

MISTAKES = [
    ("", 1, "the file is empty; a rule file starts with 'rules:'"),
    ("zone: UTC\n", 1, "a rule file has no 'rules'"),
    ("- a\n", 1, "found a list where a rule file as a mapping (name: value) belongs"),
    ("rules: {}\n", 1, "found a mapping where a list of at most 200 rules belongs"),
    ("rules:\n  - stop\n", 2, "found 'stop' where a rule as a mapping (name: value) belongs"),
    ("rule:\n  - a\nrules: []\n", 1, "'rule' is not a key of a rule file. Did you mean 'rules'?"),
    ("rules:\n  - then: stop\n", 2, "a rule has no 'rule'"),
    ("rules:\n  - rule: a\n", 2, "a rule has no 'then'"),
    ("rules:\n  - rule: a b\n    then: stop\n", 2, "rule: found 'a b', but it takes small letters, digits and '-'"),
    ("rules:\n  - rule: a\n    then: restart\n", 3, "then: found 'restart'. Did you mean 'retry'?"),
    (RULE + "  - rule: a\n    then: stop\n", 4, "a rule 'a' is there already, on line 2"),
    (RULE + "    wehn: {}\n", 4, "'wehn' is not a key of a rule. Did you mean 'when'?"),
    (RULE + "    when: push\n", 4, "found 'push' where 'when' as a mapping (name: value) belongs"),
    (RULE + "    when: {branches: main}\n", 4, "'branches' is not a key of 'when'. Did you mean 'branch'?"),
    (RULE + "    when: {status: green}\n", 4, "status: found 'green'. It takes: none, pending"),
    (RULE + "    when: {status: []}\n", 4, "status: the list is empty; leave the key out instead"),
    (RULE + "    when: {event: pull-request}\n", 4, "event: found 'pull-request'. Did you mean 'pull_request'?"),
    (RULE + "    when: {branch: 7}\n", 4, "branch: found '7' where text belongs; put it in quotes"),
    (RULE + "    when:\n      exit_code: 256\n", 5, "exit_code: found '256', but it takes an exit code from 0 to 255"),
    (RULE + "    when:\n      exit_code: 9-3\n", 5, "exit_code: found '9-3', but it takes an exit code"),
    (RULE + "    when:\n      exit_code: true\n", 5, "exit_code: found 'true', but it takes an exit code"),
    (RULE + "    when: {error: '('}\n", 4, "error: found '(', which is not an RE2 expression: missing"),
    (
        RULE + "    when: {error: '(?=a)'}\n",
        4,
        "error: found '(?=a)', which is not an RE2 expression: invalid perl operator",
    ),
    (RULE + f"    when: {{error: {'a' * 501}}}\n", 4, "error: the expression is longer than 500 characters"),
    (RULE + "    when: {failure_class: flaky}\n", 4, "failure_class: found 'flaky'. It takes: test, compile"),
    (RULE + "    when: {time: 8-18}\n", 4, "time: found '8-18', but it takes a part of the day, like '08:00-18:00'"),
    (RULE + "    when: {time: '08:00-08:00'}\n", 4, "time: found '08:00-08:00', which is no time at all"),
    (RULE + "    retries: {most: 1}\n", 4, "only a rule that says 'then: retry' has 'retries'"),
    (RULE + "    reason: ''\n", 4, "reason: found '' where text belongs"),
    (RULE + "    next: [drone-get]\n", 4, "next: found 'drone-get', but it takes names of tools"),
    (RULE + "next: {waits: [a]}\n", 4, "'waits' is not a key of 'next'. Did you mean 'wait'?"),
    (RULE + "zone: Mars/Olympus\n", 4, "zone: found 'Mars/Olympus', which is not a time zone that is known here"),
    (RULE + "zone: ../../etc/passwd\n", 4, "zone: found '../../etc/passwd', which is not a time zone"),
    (RETRY, 2, "a rule that retries names the classes that it is for in 'failure_class': dependency, infrastructure"),
    (RETRY + "    when: {failure_class: test}\n", 4, "a failure of class 'test' is never retried; those that may be"),
    (RETRY + "    when: {failure_class: [timeout, compile]}\n", 4, "a failure of class 'compile' is never retried"),
    (RETRY + "    when: {failure_class: unknown}\n", 4, "a failure of class 'unknown' is never retried"),
    (
        RETRY + "    when: {failure_class: timeout, status: success}\n",
        4,
        "'retry' cannot be done about a build that is success; it is for error, failure, killed",
    ),
    (
        RETRY + "    when: {failure_class: timeout}\n    retries: {most: 6}\n",
        5,
        "most: found '6', but it takes a number",
    ),
    (
        RETRY + "    when: {failure_class: timeout}\n    retries: {most: 0}\n",
        5,
        "most: found '0', but it takes a number",
    ),
    (RETRY + "    when: {failure_class: timeout}\n    retries: {back_off: 60}\n", 5, "back_off: found '60', but it"),
    (RETRY + "    when: {failure_class: timeout}\n    retries: {hourly: true}\n", 5, "hourly: found 'true', but it"),
    (
        "rules:\n  - rule: a\n    then: wait\n    when: {status: [running, failure]}\n",
        4,
        "'wait' cannot be done about a build that is failure; it is for held, pending, running, unknown, waiting_on",
    ),
    ("rules: &a []\nnext: *a\n", 2, "'*a' is an alias; a rule file spells everything out"),
    ("rules:\n\t- a\n", 2, "this is not YAML: a tab stands where only spaces may"),
]


@pytest.mark.parametrize(("text", "line", "message"), MISTAKES)
def test_a_mistake_is_reported_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        rules_of(tmp_path, text)
    reported = {problem.line: problem.message for problem in caught.value.problems}
    assert line in reported, reported
    assert reported[line].startswith(message)


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile) as caught:
        rules_of(tmp_path, RULE + "    when: {branch: 7, event: pushed}\n    retries: {}\nzone: X\n")
    assert [problem.line for problem in caught.value.problems] == [4, 4, 5, 6]


def test_everything_that_a_rule_may_say_is_read(tmp_path: Path) -> None:
    rules = rules_of(
        tmp_path,
        """\
zone: UTC
rules:
  - rule: nightly-deploys
    when:
      status: failure
      repo: [octo/*, acme/web]
      branch: [main, release/*]
      event: [promote, cron]
      target: production
      trigger: "@cron"
      stage: deploy
      step: rollout-*
      exit_code: [1, 128-143]
      error: "no space|timeout"
      failure_class: [infrastructure, timeout]
      time: ["22:00-06:00", "12:00-24:00"]
    then: retry
    retries: {most: 3, back_off: 5m, hourly: 4}
    reason: it is night
    next: [restart_it]
next:
  stop: [page_someone]
""",
    )
    (rule,) = rules.rules
    assert (rule.name, rule.then, rule.line, rule.reason) == ("nightly-deploys", "retry", 3, "it is night")
    assert rule.when.exit_code == ((1, 1), (128, 143))
    assert [(span.start, span.end) for span in rule.when.time] == [(1320, 360), (720, 1440)]
    assert (rule.retries.most, rule.retries.back_off, rule.retries.hourly) == (3, 300, 4)
    assert rule.tools == ("restart_it",)
    assert rules.zone is UTC
    assert rules.tools["stop"] == ("page_someone",)


def test_lists_of_tools_that_a_file_leaves_out_are_the_shipped_ones(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, RULE + "next: {stop: []}\n")
    assert rules.tools["stop"] == ()
    assert rules.tools["wait"] == read_rules().tools["wait"] != ()


def test_words_that_yaml_takes_for_booleans_are_text(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, RULE + "    when: {branch: [on, no]}\n")
    assert rules.rules[0].when.branch == ("on", "no")


def test_the_shipped_rules_are_read_without_a_mistake() -> None:
    assert [rule.name for rule in read_rules(DEFAULT).rules] == ["retry-infrastructure"]


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"none\.yaml:1: the file cannot be read: No such file"):
        read_rules(tmp_path / "none.yaml")


yaml_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=12), st.sampled_from(["retry", "stop"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["rule", "when", "then", "retries", "next", "status", "error"]), inner),
    ),
    max_leaves=12,
)


@given(yaml_values)
def test_whatever_a_file_holds_it_is_rules_or_mistakes_with_lines(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    import yaml  # noqa: PLC0415 - to write what is to be read

    text = yaml.safe_dump({"rules": [value]}, allow_unicode=True)
    for problem in mistakes(tmp_path_factory.getbasetemp(), text):
        assert problem.line >= 1
        assert "\n" not in problem.message


def mistakes(directory: Path, text: str) -> tuple[Problem, ...]:
    try:
        rules_of(directory, text)
    except InvalidFile as error:
        return error.problems
    return ()
