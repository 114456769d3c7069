"""The excerpt of a log: verbatim, ordered, within its budget, and linear whatever the log holds."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drone_mcp_logs.distill import Excerpt, distill, excerpt

ESCAPES = ["\x1b[31m", "\x1b[0m", "\x1b[2K", "\x1b]0;title\x07", "\x1b", "\r", "\x00", "\udcff", "é", "\u2028"]
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
]
LINES = st.lists(st.sampled_from(ESCAPES + WORDS) | st.text(max_size=30), max_size=8).map(" ".join)
LOGS = st.lists(LINES, max_size=120).map("\n".join)


def tokens(answer: list[tuple[int, str]]) -> float:
    return sum((len(str(number)) + 3 + len(text)) / 4 for number, text in answer)


def shown(log: str, budget: int = 2000, good: str | None = None) -> list[tuple[int, str]]:
    return list(excerpt(log, exit_code=1, token_budget=budget, good_log=good))


@given(LOGS, st.integers(0, 400))
@settings(deadline=None)
def test_an_excerpt_is_verbatim_ascending_and_never_over_its_budget(log: str, budget: int) -> None:
    answer = shown(log, budget)
    numbers = [number for number, _ in answer]
    lines = log.split("\n")
    assert numbers == sorted(set(numbers))
    assert tokens(answer) <= budget
    assert all(not text or text.strip()[:1] in lines[number - 1] for number, text in answer)


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\n\r\x1b", exclude_categories=()), max_size=90),
        min_size=1,
        max_size=60,
    )
)
@settings(deadline=None)
def test_a_line_without_escapes_is_shown_as_it_is_or_cut(lines: list[str]) -> None:
    for number, text in shown("\n".join(lines)):
        assert lines[number - 1].rstrip().startswith(text)


@given(LOGS, LOGS | st.none())
@settings(deadline=None)
def test_the_same_log_gives_the_same_excerpt(log: str, good: str | None) -> None:
    assert shown(log, good=good) == shown(log, good=good)


@given(LOGS)
@settings(deadline=None)
def test_blocks_are_runs_of_neighbouring_lines_in_order(log: str) -> None:
    answer = distill(log)
    for block in answer.blocks:
        assert [line.number for line in block.lines] == list(range(block.start, block.end + 1))
        assert block.reason
    assert all(a.end + 1 < b.start for a, b in zip(answer.blocks, answer.blocks[1:], strict=False))
    assert answer.total_lines <= log.count("\n") + 1


def sample(*middle: str) -> str:
    return "\n".join([*(f"fetching part {n}" for n in range(500)), *middle, *(f"saving cache {n}" for n in range(200))])


def test_a_failing_test_far_above_the_end_is_found_and_named() -> None:
    answer = distill(sample("--- FAIL: TestCheckout (0.00s)", "    checkout_test.go:42: total = 11, want 12", "FAIL"))
    block = answer.by_weight[0]
    assert block.start <= 501 <= block.end
    assert (block.reason, block.kind) == ("go: failing test", "test")
    assert answer.tests == ("TestCheckout",)
    assert answer.locations == ("checkout_test.go:42",)


def test_progress_overwritten_by_carriage_returns_is_shown_as_it_ended() -> None:
    log = "+ make\n 1%\r 50%\r\x1b[31merror: disk full\x1b[0m\r\nmake: *** [all] Error 1\n"
    assert (2, "error: disk full") in shown(log)


def test_an_empty_log_has_an_empty_excerpt() -> None:
    assert [text for _, text in shown("")] in ([], [""])
    assert isinstance(distill(""), Excerpt)


def test_a_log_without_any_telling_word_shows_its_end() -> None:
    log = "\n".join(f"step {n}" for n in range(400))
    assert (400, "step 399") in shown(log)


def test_what_the_good_log_says_too_gives_way_to_what_is_new() -> None:
    noise = [f"warning: error {n} is expected here" for n in range(200)]
    answer = shown("\n".join([*noise[:100], "the basket is empty", *noise[100:]]), 300, "\n".join(noise))
    assert (101, "the basket is empty") in answer


def test_a_long_line_is_cut_and_says_so() -> None:
    (line,) = (line for line in distill("error: " + "x" * 9000, token_budget=2000).lines)
    assert line.cut
    assert line.text == ("error: " + "x" * 9000)[: len(line.text)]


def test_what_follows_a_workflows_last_error_counts_for_little() -> None:
    log = "\n".join(
        ["error: no such file", "##[error]Process completed with exit code 1.", *["error: cleaning up"] * 300]
    )
    assert [number for number, _ in shown(log, 60)][:2] == [1, 2]


@pytest.mark.parametrize(
    "log",
    [
        "error " * 100_000,
        "\n" * 200_000,
        "(" * 500_000,
        "(((((\n" * 90_000,
        "\x1b[" * 250_000,
        "\x1b[31merror\x1b[0m\n" * 30_000,
        "\r".join(f"downloading {n}%" for n in range(40_000)),
        "\udcff failed\n" * 40_000,
        "\0" * 500_000,
    ],
    ids=[
        "one line",
        "empty",
        "parentheses",
        "parenthesis lines",
        "open escapes",
        "escapes",
        "progress",
        "surrogates",
        "zeros",
    ],
)
def test_a_hostile_log_is_answered_within_its_budget_and_four_times_its_size(log: str) -> None:
    distill("error")  # what is loaded once does not count
    tracemalloc.start()
    answer = shown(log, 500)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert tokens(answer) <= 500
    assert peak <= 4 * len(log)
