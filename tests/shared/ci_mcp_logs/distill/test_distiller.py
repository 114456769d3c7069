"""The excerpt of a log: verbatim, ordered, within its budget, and linear whatever the log holds."""

from __future__ import annotations

import os
import string
import subprocess
import sys
import tracemalloc
from itertools import islice, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_mcp_logs.distill import Excerpt, Study, distill
from ci_mcp_logs.log_text import LogText

WORDS = [
    "error:",
    "FAIL",
    "ok",
    "+ make",
    "src/a.c:3:5:",
    "Traceback (most recent call last):",
    "  at x",
    "exit status 1",
    "\t",
    "\x1b[31m",
    "\x1b[0m",
    "\x1b[2K",
    "\x1b]0;title\x07",
]
CHARACTERS = [*string.printable, "\x1b", "\x00", "\udcff", "é", "\u2028", "\u202e", "\u0301", "漢", "\U0001f600"]
PARTS = [*(f"{word} " for word in WORDS * 4), *CHARACTERS]
# Hypothesis draws a text at once, which costs much less than a list of words: each of its letters stands for a part.
LINES = st.text([chr(number) for number in range(len(PARTS))], max_size=16).map(
    lambda letters: "".join(PARTS[ord(letter)] for letter in letters)
)
LOGS = st.lists(LINES, max_size=120).map("\n".join)


def tokens(answer: list[tuple[int, str]]) -> float:
    return sum((len(str(number)) + 3 + len(text)) / 4 for number, text in answer)


def text_of(log: str) -> LogText:
    return LogText.from_raw(log.split("\n"), size=len(log))


def excerpt_of(log: str, budget: int = 2000, good: str | None = None) -> Excerpt:
    return distill(text_of(log), token_budget=budget, good=text_of(good) if good is not None else None)


def shown(log: str, budget: int = 2000, good: str | None = None) -> list[tuple[int, str]]:
    return [(line.number, line.text) for line in excerpt_of(log, budget, good).lines]


@given(LOGS, st.integers(0, 400))
@settings(deadline=None)
def test_an_excerpt_is_verbatim_ascending_and_never_over_its_budget(log: str, budget: int) -> None:
    answer = shown(log, budget)
    numbers = [number for number, _ in answer]
    lines = text_of(log).lines
    assert numbers == sorted(set(numbers))
    assert tokens(answer) <= budget
    assert all(lines[number - 1].rstrip().startswith(text) for number, text in answer)


@given(LOGS, LOGS | st.none())
@settings(deadline=None)
def test_the_same_log_gives_the_same_excerpt(log: str, good: str | None) -> None:
    assert shown(log, good=good) == shown(log, good=good)


@given(LOGS)
@settings(deadline=None)
def test_blocks_are_runs_of_neighbouring_lines_in_order(log: str) -> None:
    answer = excerpt_of(log)
    for block in answer.blocks:
        assert [n for line in block.lines for n in range(line.number, line.number + line.times)] == list(
            range(block.start, block.end + 1)
        )
        assert block.reason
    assert all(a.end + 1 < b.start for a, b in zip(answer.blocks, answer.blocks[1:], strict=False))
    assert answer.total_lines <= log.count("\n") + 1


def sample(*middle: str) -> str:
    return "\n".join([*(f"fetching part {n}" for n in range(500)), *middle, *(f"saving cache {n}" for n in range(200))])


def test_a_failing_test_far_above_the_end_is_found_and_named() -> None:
    answer = excerpt_of(
        sample("--- FAIL: TestCheckout (0.00s)", "    checkout_test.go:42: total = 11, want 12", "FAIL")
    )
    block = answer.by_weight[0]
    assert block.start <= 501 <= block.end
    assert block.reason == "go: failing test"
    assert answer.tests == ("TestCheckout",)
    assert answer.locations == ("checkout_test.go:42",)


def test_progress_overwritten_by_carriage_returns_is_shown_as_it_ended() -> None:
    log = "+ make\n 1%\r 50%\r\x1b[31merror: disk full\x1b[0m\r\nmake: *** [all] Error 1\n"
    assert (2, "error: disk full") in shown(log)


def test_a_run_of_equal_lines_is_shown_once_with_its_count_and_claims_only_the_first() -> None:
    log = sample("+ make check", *["error: retrying the connection"] * 6, "fatal: gave up after 6 retries")
    (line,) = (line for line in excerpt_of(log).lines if line.text == "error: retrying the connection")
    assert (line.number, line.times) == (502, 6)
    assert [number for number, _ in shown(log) if 502 <= number <= 508] == [502, 508]


def test_two_equal_lines_are_shown_both() -> None:
    log = sample("+ make check", "error: no such file", "error: no such file")
    assert [line.number for line in excerpt_of(log).lines if line.text == "error: no such file"] == [502, 503]


def test_an_empty_log_has_an_empty_excerpt() -> None:
    assert [text for _, text in shown("")] in ([], [""])
    assert excerpt_of("") == distill(LogText(()))


def test_a_log_without_any_telling_word_shows_its_end() -> None:
    log = "\n".join(f"step {n}" for n in range(400))
    assert (400, "step 399") in shown(log)


def test_what_the_good_log_says_too_gives_way_to_what_is_new() -> None:
    noise = [f"warning: error {n} is expected here" for n in range(200)]
    answer = shown("\n".join([*noise[:100], "the basket is empty", *noise[100:]]), 300, "\n".join(noise))
    assert (101, "the basket is empty") in answer


def test_a_long_line_is_cut_and_says_so() -> None:
    (line,) = (line for line in excerpt_of("error: " + "x" * 9000).lines)
    assert line.cut
    assert line.text == ("error: " + "x" * 9000)[: len(line.text)]


def test_what_follows_a_workflows_last_error_counts_for_little() -> None:
    log = "\n".join(
        ["error: no such file", "##[error]Process completed with exit code 1.", *["error: cleaning up"] * 300]
    )
    assert [number for number, _ in shown(log, 60)][:2] == [1, 2]


@pytest.mark.parametrize("times", [100, 3_000])
def test_an_error_above_any_number_of_warnings_is_shown(times: int) -> None:
    warnings = [f"src/part_{n}.c:{n}: warning: unused variable" for n in range(times)]
    log = "\n".join(
        [*warnings[:50], "ld: cannot find -lcart", "collect2: error: ld returned 1 exit status", *warnings[50:]]
    )
    assert {51, 52} <= {number for number, _ in shown(log)}


def test_another_process_looks_at_the_same_lines() -> None:
    filler = [f"part {n}" for n in range(200)]
    stops = [f'The command "make part{n}" exited with 1.' for n in range(2)]
    log = "\n".join([*filler[:60], stops[0], *filler[60:75], stops[1], *filler[75:]])
    program = "import sys; from ci_mcp_logs.distill import Study"
    program += "; from ci_mcp_logs.log_text import LogText"
    program += "; print(Study(LogText.from_raw(sys.stdin.read().split(chr(10)))).weighed(1)[0].numbers)"
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=log,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in "12345678"
    }
    assert len(answers) == 1


def test_a_good_log_of_other_work_is_left_aside() -> None:
    log, other = sample("error: disk full"), "\n".join(f"something else {'x' * n}" for n in range(300))
    study = Study(text_of(log), text_of(other), most_new=0.5)
    assert not study.compared
    assert study.excerpt(1, 500) == excerpt_of(log, 500)


def test_numbers_and_hashes_are_no_news() -> None:
    log = "took 12.5s\nat 0xdeadbeef\npulled 4f9a1c77e0b2\npulled nothing"
    good = "took 9.07s\nat 0x7ffe12\npulled 90be11c2d3aa"
    assert Study(text_of(log), text_of(good)).news == [4]


def test_the_number_of_what_is_new_holds_beyond_the_first_chunk() -> None:
    lines = ["fetching" * 20] * 9000
    log = "\n".join([*lines, "the disk is full", *lines])
    assert Study(text_of(log), text_of(lines[0])).news == [9001]


SETS = 1 << 21  # bytes; a set of a log's lines grows by leaps, which count less the larger the log is
HOSTILE = {
    "one line": "error " * 100_000,
    "empty": "\n" * 200_000,
    "parentheses": "(" * 500_000,
    "parenthesis lines": "(((((\n" * 90_000,
    "open escapes": "\x1b[" * 250_000,
    "escapes": "\x1b[31merror\x1b[0m\n" * 30_000,
    "progress": "\r".join(f"downloading {n}%" for n in range(40_000)),
    "surrogates": "\udcff failed\n" * 40_000,
    "zeros": "\0" * 500_000,
    "digits": "0" * 500_000,
    "nearly hashes": ("0" * 399 + "g 0123456789abcdef\n") * 1_200,
    "other lines each": "\n".join(map("".join, islice(product("abcdefgh", repeat=6), 80_000))),
}


@pytest.mark.parametrize("good", ["none", "itself", "other lines each"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_log_is_answered_within_its_budget_and_four_times_its_size(name: str, good: str) -> None:
    excerpt_of("error 0123456789abcdef", good="0123456789abcdee")  # what is loaded once does not count
    text = text_of(HOSTILE[name])
    other = HOSTILE.get(name if good == "itself" else good)
    good_text = text_of(other) if other else None
    tracemalloc.start()
    answer = distill(text, token_budget=500, good=good_text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert tokens([(line.number, line.text) for line in answer.lines]) <= 500
    assert peak <= 4 * (text.size + (good_text.size if good_text else 0)) + SETS


PASSING = [f"src/part{n}.c:{n}:22: warning: unused parameter 'error' [-Wunused-parameter]" for n in range(200)]
CLEANUP = [
    "+ docker compose -f ci.yml down --volumes",
    " Container ci-web-1  Removed",
    " Network ci_default  Removed",
    "+ tar -czf /cache/report.tgz report",
    "a report/",
    "a report/error-summary.html",
    "==> Python coveragepy not found",
    "finished cleaning up",
]


@pytest.mark.parametrize("budget", [500, 2000])
def test_the_last_words_before_the_clean_up_are_shown_though_no_word_in_them_tells_of_a_failure(budget: int) -> None:
    words = "pyproject.toml changed significantly since poetry.lock was last generated"
    log = LogText.from_raw([*PASSING, "+ poetry install", words, *CLEANUP])
    assert words in [line.text for line in distill(log, token_budget=budget).lines]


def test_clean_up_counts_for_little() -> None:
    quiet = [f"copying file {n} of 900" for n in range(900)]
    log = LogText.from_raw([*quiet, "+ make check", "FAIL: totals differ by 1", "make: *** [check] Error 1", *CLEANUP])
    shown = [line.text for line in distill(log, token_budget=500).lines]
    assert "make: *** [check] Error 1" in shown
    assert not set(CLEANUP[1:]) & set(shown)


@pytest.mark.parametrize("command", ["+ git checkout a03a226", "Step 4/11 : RUN npm ci", "#9 [2/3] RUN make", "> tsup"])
def test_the_command_above_an_error_is_shown_with_it(command: str) -> None:
    quiet = [f"copying file {n} of 900" for n in range(900)]
    error = "fatal: unable to read tree (a03a226c8115988e9eff83a309ba9ff7c3a8797d)"
    log = LogText.from_raw([*quiet, command, "one moment", "and another one", error, *quiet])
    shown = [line.text for line in distill(log).lines]
    assert command in shown
    assert error in shown


def test_a_line_that_ends_in_blanks_where_it_is_cut_costs_no_more_than_its_text() -> None:
    total = "error: the total of the cart is not what its items add up to"
    excerpt = distill(LogText.from_raw([total + " " * 390 + "120" * 10]))
    assert [(line.text, line.cut) for line in excerpt.lines] == [(total, True)]
