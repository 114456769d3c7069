from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.evidence import study_of
from ci_mcp_logs.failure_signature import masked, signature, signature_of
from ci_mcp_logs.log_text import LogText


def test_the_same_failure_has_the_same_signature_in_another_build() -> None:
    def log(number: int) -> LogText:
        noise = [f"[{number + n}s] fetching part {n * number}" for n in range(300)]
        return LogText((*noise, f"FAIL: money_test.c:{number}: expected 3, got 2", f"make: *** [check] Error {number}"))

    own, again, other = map(study_of, (log(41), log(977), LogText(("FAIL: other_test.c:1: expected a bee",))))
    assert signature_of(own, 1) == signature_of(again, 1) != ""
    assert signature_of(own, 1) != signature_of(other, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("took 3.21s", "took 12 s"),
        ("at /tmp/build-1f3/src/a.go:12", "at /runner/src/src/a.go:99"),
        ("object 0x7fff1234 freed", "object 0xdeadbeef freed"),
        ("run 123e4567-e89b-12d3-a456-426614174000", "run 00000000-e89b-12d3-a456-426614174999"),
        ("commit 55f24eb3d61ef6ac", "commit 0123456789abcdef"),
    ],
)
def test_what_differs_from_run_to_run_is_masked(one: str, other: str) -> None:
    assert masked(one) == masked(other)


def test_names_and_words_are_not_masked() -> None:
    assert masked("FAIL: test_added in money_test.c") == "FAIL: test_added in money_test.c"


@given(st.lists(st.text(max_size=400), max_size=10))
def test_a_signature_is_short_and_stable(lines: list[str]) -> None:
    assert signature(lines) == signature([*lines, *lines])
    assert len(signature(lines)) in {0, 12}
