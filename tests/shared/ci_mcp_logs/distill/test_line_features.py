"""The cache of line profiles: it is bounded, and no answer depends on it."""

from __future__ import annotations

from functools import cache
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.distill import distill, line_features
from ci_mcp_logs.distill.anchor_tables import NO_ANCHOR
from ci_mcp_logs.distill.line_features import LineProfile, ProfileMemory
from ci_mcp_logs.log_text import LogText

WORDS = st.sampled_from(
    ["error: boom", "FAIL", "ok", "--- FAIL: TestCart (0.00s)", "warning: unused", "", "done", "+ make"]
)
SIZE = 4


def profile(text: str) -> LineProfile:
    return LineProfile(0.0, NO_ANCHOR, 0, text, text.encode(), 0)


@given(st.lists(st.integers(0, 40), max_size=80))
def test_the_lines_used_last_are_remembered_and_no_more_than_twice_as_many(numbers: list[int]) -> None:
    memory = ProfileMemory(SIZE)
    texts = [str(number) for number in numbers]
    for text in texts:
        if not memory.recall([text]):
            memory.keep({text: profile(text)})
    recent = list(dict.fromkeys(reversed(texts)))[:SIZE]
    assert list(memory.recall(recent)) == recent
    assert len(memory.recall(set(texts))) <= 2 * (SIZE + 1)


def test_what_is_remembered_is_what_was_told() -> None:
    memory = ProfileMemory(SIZE)
    memory.keep({"boom": profile("boom")})
    assert memory.recall(["boom", "bang"]) == {"boom": profile("boom")}


@given(st.lists(WORDS, max_size=30), st.lists(WORDS, max_size=30))
def test_an_answer_does_not_depend_on_what_was_read_before(log: list[str], other: list[str]) -> None:
    memories = cache(lambda _: (ProfileMemory(SIZE), ProfileMemory(SIZE)))  # a few lines fill them
    with patch.object(line_features, "_memory_of", memories):
        before = distill(LogText.from_raw(log))
        distill(LogText.from_raw(other))
        distill(LogText.from_raw([f"step {n} of many" for n in range(4 * SIZE)]))
        assert distill(LogText.from_raw(log)) == before
