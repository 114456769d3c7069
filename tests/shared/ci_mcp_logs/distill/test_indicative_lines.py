"""What a build prints all along is told from what it prints once."""

from __future__ import annotations

import pytest

from ci_mcp_logs.distill import distill, tuning
from ci_mcp_logs.distill.indicative_lines import Shapes, telling_lines
from ci_mcp_logs.log_text import LogText

PASSING = [f"copying file {number} of 900" for number in range(900)]


def test_lines_that_differ_in_digits_only_are_alike() -> None:
    assert Shapes(PASSING, 900).spread(["copying file 12000 of 3", "removing a file"]) == [18, 0]


def test_lines_that_stand_together_are_of_one_part() -> None:
    assert Shapes(["the wheel came off"] * 50 + PASSING, 950).spread(["the wheel came off"]) == [1]


def test_what_a_build_says_all_along_is_everywhere_and_a_list_of_findings_is_not() -> None:
    finding, complaint = "cart.py:12: error: no such attribute", "warning: the wheel is loose"
    part = [*PASSING[:90], complaint]
    log = [*part * 10, *[finding] * 400, *part * 10]
    assert Shapes(log, len(log)).everywhere([finding, complaint]) == [False, True]


def test_time_stamps_do_not_hide_what_is_alike() -> None:
    log = [f"2026-05-01T12:00:0{number % 10}.{number}Z pulled layer {number}" for number in range(100)]
    assert Shapes(log, 100).spread(log[:1]) == [2]


def test_a_line_unlike_all_others_is_rare() -> None:
    assert Shapes([*PASSING, "the wheel came off", "", *PASSING], 1802).rare() == [901]


def test_lines_behind_the_end_do_not_count() -> None:
    assert Shapes([*PASSING, "the wheel came off"], 900).rare() == []


@pytest.mark.parametrize(
    "cause",
    [
        "das Rad ist ab",
        "車輪が外れました",
        "RuleID:      generic-api-key",
        "./release.sh: line 12: REGISTRY: unbound variable",
        "wheel......................: 3 (at most 2)",
    ],
)
def test_a_line_without_a_telling_word_is_shown_from_amid_output_that_repeats_itself(cause: str) -> None:
    log = LogText.from_raw([*PASSING, cause, *PASSING])
    assert cause in [line.text for line in distill(log).lines]


def test_a_complaint_that_the_build_repeats_all_along_yields_to_the_one_that_stands_out() -> None:
    flaky = [
        line
        for number in range(200)
        for line in (
            f"java.io.IOException: connection reset by peer {number}",
            f"\tat org.example.Flaky.read(Flaky.java:{number})",
            "Caused by: java.net.SocketException: broken pipe",
            f"attempt {number} passed",
        )
    ]
    cause = "error: the cart does not add up"
    shown = [line.text for line in distill(LogText.from_raw([*flaky, cause, *flaky]), token_budget=100).lines]
    assert cause in shown


@pytest.mark.parametrize("count", [*range(1, tuning.WARNINGS + 2), 4 * tuning.WARNINGS])
def test_of_warnings_the_last_ones_are_read_as_many_as_are_allowed(count: int) -> None:
    log = LogText.from_raw(["making the wheels", *(f"warning: wheel {number} is loose" for number in range(count))])
    first = max(0, count - tuning.WARNINGS) + 2
    assert [line.number for line in telling_lines(log)] == list(range(first, count + 2))
