"""The class of a failure by the signs in its log."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_mcp_logs.distill import distill
from ci_mcp_logs.failure_signs import Finding, Witness, commands_before, judge_lines, signs_of, witnesses_of
from ci_mcp_logs.failure_signs.sign_tables import sign_table, signs_in_line, tools_of_command
from ci_mcp_logs.log_text import LogText

SAMPLES = tomllib.loads(Path(__file__).with_name("samples.toml").read_text(encoding="utf-8"))["sample"]
RANK = {"low": 0, "medium": 1, "high": 2}
PREFIXES = (
    "Error: ",
    "ERROR: ",
    "error: ",
    "fatal: ",
    "FATAL: ",
    "[ERROR] ",
    "ERROR  ",
    "FAILED: ",
    "E: ",
    "npm ERR! ",
)
FAILED = "+ make test\nFAILED tests/test_cart.py::test_total - psycopg.OperationalError\n1 failed, 30 passed in 2.1s"
# Words that name no fault, so that a line of them says nothing but its prefix.
words = st.lists(
    st.sampled_from(["the", "cart", "has", "eleven", "apples", "and", "pears", "on", "shelf", "of", "shop", "now"]),
    min_size=1,
)
ordinary = st.lists(words.map(" ".join), max_size=30)


def judged(log: str, exit_code: int = 1, above: tuple[str, ...] = (), below: tuple[str, ...] = ()) -> Finding:
    text = LogText((*above, *log.splitlines(), *below))
    found = distill(text, exit_code=exit_code, token_budget=1000)
    return judge_lines(witnesses_of(text, found), commands=commands_before(text, found), exit_code=exit_code)


def marked(sample: dict[str, Any]) -> str:
    return str(sample["log"]).splitlines()[-1][:50]


@pytest.mark.parametrize("sample", SAMPLES, ids=marked)
def test_a_log_as_a_tool_writes_it_gets_its_class(sample: dict[str, Any]) -> None:
    found = judged(sample["log"], sample["exit"])
    assert found.kind in sample["right"]
    assert found.kind != "unknown" or found.confidence == "low"


def test_most_whole_logs_are_sure() -> None:
    whole = [sample for sample in SAMPLES if sample["log"].startswith("+")]
    sure = [judged(sample["log"], sample["exit"]).confidence for sample in whole].count("high")
    assert sure >= 0.7 * len(whole)


@given(st.sampled_from(PREFIXES), words, st.sampled_from([1, 2, 100, 101, 127, 128, 137, 255]))
def test_a_generic_prefix_says_nothing(prefix: str, said: list[str], exit_code: int) -> None:
    found = judge_lines([Witness(1, prefix + " ".join(said))], exit_code=exit_code)
    assert (found.kind, found.confidence) == ("unknown", "low")


@given(st.sampled_from(SAMPLES), ordinary, ordinary)
def test_ordinary_lines_never_make_it_surer(sample: dict[str, Any], above: list[str], below: list[str]) -> None:
    lines = sample["log"].splitlines()
    alone = judge_lines(map(Witness, range(len(lines)), lines), exit_code=sample["exit"])
    among = [*above, *lines, *below]
    both = judge_lines(map(Witness, range(len(among)), among), exit_code=sample["exit"])
    assert both.kind == alone.kind
    assert RANK[both.confidence] <= RANK[alone.confidence]


@settings(deadline=None)  # the first example loads the distiller's model
@given(st.sampled_from(SAMPLES), ordinary.map(tuple), ordinary.map(tuple))
def test_every_line_that_is_named_has_the_sign_for_which_it_is_named(
    sample: dict[str, Any], above: tuple[str, ...], below: tuple[str, ...]
) -> None:
    lines = (*above, *sample["log"].splitlines(), *below)
    found = judged(sample["log"], sample["exit"], above, below)
    for reason in found.reasons:
        assert reason.sign in signs_of(lines[reason.line - 1])
        assert reason.sign.kind == found.kind


@given(st.sampled_from(SAMPLES))
def test_one_line_without_a_command_an_exit_code_or_an_error_code_is_never_sure(sample: dict[str, Any]) -> None:
    for line in sample["log"].splitlines():
        found = judge_lines([Witness(1, line)])
        if not any(reason.sign.role == "code" for reason in found.reasons):
            assert found.confidence != "high"


def test_a_later_failure_of_another_class_takes_the_sureness_of_any_earlier_one() -> None:
    logs = [[line for line in sample["log"].splitlines() if line[:1] != "+"] for sample in SAMPLES]
    for second in logs:
        last = judge_lines(map(Witness, range(len(second)), second))
        for first in logs if last.confidence == "high" else []:
            lines = first + second
            both = judge_lines(map(Witness, range(len(lines)), lines))
            assert both.kind == last.kind or both.confidence != "high", (first, second)


def test_the_image_of_a_step_confirms_its_tool() -> None:
    line = [Witness(1, "Could not find gem 'rails' in any of the sources")]
    assert judge_lines(line).confidence == "medium"
    assert judge_lines(line, commands=["ruby:3.3"]).confidence == "high"
    assert judge_lines(line, commands=["alpine:3"]).confidence == "medium"


def test_a_line_is_judged_behind_what_wraps_it() -> None:
    for wrapped in ("#12 24.70 ", "24.70 ", "web_1  | ", "@octo/shop:build: ", "│ ", "##[error]"):
        assert judge_lines([Witness(1, f"{wrapped}E: Unable to locate package foo")]).kind == "dependency"


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in sign_table().patterns])
def test_flags_of_a_pattern_stand_at_its_beginning(pattern: str) -> None:
    # A pattern is taken apart into its alternatives, and each of them gets the flags that it begins with.
    assert "(?i)" not in pattern[1:]


def test_every_tool_that_confirms_also_speaks() -> None:
    speaking = {sign.tool for _, sign in sign_table().patterns if sign.kind}
    assert {sign.tool for _, sign in sign_table().patterns} == speaking
    assert set(sign_table().exits) == speaking


def test_only_commands_are_searched_for_commands() -> None:
    assert "pytest" in tools_of_command("+ python -m pytest -q")
    assert not {sign for sign in signs_in_line(b"+ python -m pytest -q") if sign.kind}


@pytest.mark.parametrize(
    ("command", "kind"),
    [("+ vendor/bin/phpcs", "lint"), ("+ ctest", "test"), ("+ make all", "unknown")],
)
def test_where_no_line_tells_the_command_gives_a_guess(command: str, kind: str) -> None:
    found = judge_lines([Witness(1, command), Witness(2, "it is over")], commands=[command], exit_code=1)
    assert (found.kind, found.confidence, found.reasons) == (kind, "low", ())


@pytest.mark.parametrize(
    ("limit", "exit_code", "kind"),
    [
        ("c++: fatal error: Killed signal terminated program cc1plus", 1, "out_of_memory"),
        ("db_1  | FATAL:  could not write lock file: No space left on device", 1, "infrastructure"),
        ("ERROR: Job failed: execution took longer than 1h0m0s seconds", 143, "timeout"),
    ],
)
def test_a_limit_is_believed_over_what_it_ended_complained_of(limit: str, exit_code: int, kind: str) -> None:
    assert judged(f"{FAILED}\n{limit}", exit_code).kind == kind


def test_tests_that_fail_on_a_full_disk_are_no_fault_of_the_tests() -> None:
    full = "db_1  | FATAL:  could not write lock file: No space left on device"
    assert judged(f"{full}\n{FAILED}").kind == "infrastructure"


def test_tests_that_print_failures_which_they_expect_do_not_decide() -> None:
    expected = tuple(
        line
        for number in range(100)
        for line in (
            f"--- FAIL: TestProbe{number} (0.01s)",
            f"    probe_test.go:{number}: expected 1, got 2",
            f"FAILED tests/probe.py::test_{number} - AssertionError",
            f"probe {number} reported the failure, as it should",
        )
    )
    compiler = "+ make\nsrc/cart.c:31:12: error: 'price' undeclared\nmake: *** [Makefile:7: cart.o] Error 1"
    assert judged(compiler, 2, above=expected).kind == "compile"


def test_a_compiler_is_understood_in_another_language() -> None:
    russian = "+ make\ntotal.c:31:12: ошибка: «price» не описан\nmake: *** [Makefile:7: total.o] Ошибка 1"
    assert judged(russian, 2).kind == "compile"
