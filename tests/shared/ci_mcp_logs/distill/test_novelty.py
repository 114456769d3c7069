"""What a good log changes in an excerpt: new lines come first, within the same budget."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ci_mcp_logs.distill import Study
from ci_mcp_logs.log_text import LogText

PREFACE = [f"copied asset {number} of 300" for number in range(300)]
WORDY = [a + b for a in "abcdefghij" for b in "klmnopqrstuvwxyz"]
WORDS = ["error: no room", "FAIL: cart", "built", "at 0x7ffe12", "Error 3", "", "  detail", "warning: old", "+ make"]


def shown(log: list[str], good: list[str], budget: int = 1000) -> list[str]:
    found = Study(LogText.from_raw(log), LogText.from_raw(good)).excerpt(1, budget)
    assert found.tokens <= budget
    return [line.text for line in found.lines]


def test_a_row_of_new_lines_is_shown_to_its_end() -> None:
    report = [f"shelf {'abcdefghij'[number // 10]} {'abcdefghij'[number % 10]} holds plums" for number in range(70)]
    log = [*PREFACE, "+ ./check", "error: the stock does not add up", *report, *PREFACE]
    assert set(report) <= set(shown(log, [*PREFACE, "+ ./check", *PREFACE], 2000))


def test_what_a_good_log_complains_of_takes_a_tenth_while_new_lines_are_left_out() -> None:
    usual = [line for word in WORDY for line in (f"FAIL: probe {word}", f"  expected {word} but got none", "")]
    fresh = [f"{word} {other} went another way" for word in WORDY for other in "pq"]
    log = [*PREFACE, *fresh, *PREFACE, "+ ./probe", *usual, "exit status 1"]
    excerpt = shown(log, [*PREFACE, *PREFACE, "+ ./probe", *usual, "exit status 1"], 2000)
    known = sum(len(line) for line in excerpt if line not in fresh)
    assert known <= 0.1 * 4 * 2000
    assert sum(len(line) for line in excerpt if line in fresh) > known


@settings(deadline=None)  # the first example loads the model
@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=120),
    st.lists(st.sampled_from(WORDS), max_size=120),
    st.integers(20, 600),
)
def test_any_two_logs_give_lines_of_the_first_within_the_budget(log: list[str], good: list[str], budget: int) -> None:
    assert set(shown(log, good, budget)) <= set(log)


def test_a_log_with_very_many_new_lines_is_read_as_if_there_was_no_good_one() -> None:
    log = LogText.from_raw([a + b for a in WORDY for b in WORDY[:20]])
    study = Study(log, LogText.from_raw(PREFACE), most_new=1.0)
    assert (study.news, study.compared) == (None, False)
    assert study.excerpt(1, 500) == Study(log).excerpt(1, 500)
