from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.token_count import count_tokens

TEXTS = st.text() | st.text(alphabet='abcXYZ0123456789 \t\n-=/."\\:[]{}é日─', max_size=80)


@given(TEXTS)
def test_a_text_costs_something_and_never_more_than_its_characters(text: str) -> None:
    assert min(1, len(text)) <= count_tokens(text) <= len(text)


@given(TEXTS)
def test_no_text_however_monotonous_is_nearly_free(text: str) -> None:
    assert 80 * count_tokens(text * 40) >= 40 * len(text)


@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_texts_cost_together_what_they_cost_alone_but_for_their_seams(texts: list[str]) -> None:
    apart, together = sum(map(count_tokens, texts)), count_tokens("\n".join(texts))
    assert abs(apart - together) <= 2 * len(texts)


@given(TEXTS, TEXTS)
def test_a_longer_text_costs_no_less_than_its_beginning_but_for_a_seam(text: str, more: str) -> None:
    assert count_tokens(text + more) >= count_tokens(text) - 1


@given(st.text(alphabet="0123456789 .:-", min_size=1))
def test_three_digits_are_a_token_at_most(text: str) -> None:
    assert count_tokens(text) >= sum(-(-len(run) // 3) for run in re.findall(r"\d+", text))


# Counted by js-tiktoken 1.0.21 with cl100k_base.
@pytest.mark.parametrize(
    ("text", "real"),
    [
        ("npm ERR! code ETIMEDOUT", 8),
        ("The command failed because the file could not be found in the directory.", 14),
        ("2024-05-01T12:00:01.1234567Z ##[error]Process completed with exit code 1.", 29),
        ("#12 24.70 sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1 0B / 3.40MB 0.2s", 58),
        ("    assert response.status_code == 200, response.text", 11),
        ("+++ b/src/main/java/com/example/App.java", 9),
        ("=" * 70, 2),
        ("10.0.3.17:6379 -> 192.168.100.24:51234 0x7ffe5a3c1b20", 34),
        ('{"level":"error","ts":1714564801.1234567,"msg":"dial tcp 10.1.2.3:443: i/o timeout"}', 36),
        ("FAILED tests/test_money.py::test_rounds_half_up - AssertionError: expected 3, got 2", 21),
    ],
)
def test_a_line_costs_about_what_a_real_vocabulary_says(text: str, real: int) -> None:
    assert 0.85 * real <= count_tokens(text) <= 1.35 * real
