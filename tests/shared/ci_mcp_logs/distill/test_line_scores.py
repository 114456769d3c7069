"""What is remembered of lines: it is bounded, and no answer depends on it."""

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.distill import distill
from ci_mcp_logs.distill.anchor_tables import NO_ANCHOR
from ci_mcp_logs.distill.line_scores import Look, Memory

WORDS = st.sampled_from(
    ["error: boom", "FAIL", "ok", "--- FAIL: TestCart (0.00s)", "warning: unused", "", "done", "+ make"]
)
SIZE = 4


def look(text: str) -> Look:
    return Look(0.0, NO_ANCHOR, 0, text, text.encode(), 0)


@given(st.lists(st.integers(0, 40), max_size=80))
def test_the_lines_used_last_are_remembered_and_no_more_than_twice_as_many(numbers: list[int]) -> None:
    memory = Memory(SIZE)
    texts = [str(number) for number in numbers]
    for text in texts:
        if not memory.recall([text]):
            memory.keep({text: look(text)})
    recent = list(dict.fromkeys(reversed(texts)))[:SIZE]
    assert list(memory.recall(recent)) == recent
    assert len(memory.recall(set(texts))) <= 2 * (SIZE + 1)


def test_what_is_remembered_is_what_was_told() -> None:
    memory = Memory(SIZE)
    memory.keep({"boom": look("boom")})
    assert memory.recall(["boom", "bang"]) == {"boom": look("boom")}


@given(st.lists(WORDS, max_size=30), st.lists(WORDS, max_size=30))
def test_an_answer_does_not_depend_on_what_was_read_before(log: list[str], other: list[str]) -> None:
    before = distill("\n".join(log))
    distill("\n".join(other))
    distill("\n".join(f"step {n} of many" for n in range(5_000)))
    assert distill("\n".join(log)) == before
