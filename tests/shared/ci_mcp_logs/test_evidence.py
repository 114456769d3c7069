from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.evidence import count_lines, headline, study_of, write_excerpt, write_to_fit
from ci_mcp_logs.failure_signature import masked, signature, signature_of
from ci_mcp_logs.line_budget import GAP, LEAST_ROOM, room_of_all, width_for
from ci_mcp_logs.log_text import LogText
from support.agent import numbered


def test_the_same_failure_has_the_same_signature_in_another_build() -> None:
    def log(number: int) -> LogText:
        noise = [f"[{number + n}s] fetching part {n * number}" for n in range(300)]
        return LogText((*noise, f"FAIL: money_test.c:{number}: expected 3, got 2", f"make: *** [check] Error {number}"))

    own, again, other = map(study_of, (log(41), log(977), LogText(("FAIL: other_test.c:1: expected a bee",))))
    assert signature_of(own, 1) == signature_of(again, 1) != ""
    assert signature_of(own, 1) != signature_of(other, 1)


WORDS = ["error: boom", "FAIL", "ok", "--- FAIL: TestCart (0.00s)", "warning: unused", "", "done", "+ make", "x" * 600]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=60).map(LogText.from_raw)
ROOMS = st.integers(LEAST_ROOM, 1500)


@given(TEXTS, ROOMS)
def test_written_evidence_fits_its_room_and_is_the_logs_own_lines_in_order(text: LogText, room: int) -> None:
    study, widest = study_of(text), width_for(room, 2000)
    rows = write_to_fit(text, study, 1, study.excerpt(1, 2000), room, widest)
    assert room_of_all(rows) <= room
    lines = numbered("\n".join(["<<<log 0a1b2c3d", *(row.text for row in rows), "0a1b2c3d log>>>"]))
    numbers = [number for number, _, _ in lines]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == count_lines(rows)
    for number, _, shown in lines:
        said = shown.partition("  [")[0].partition("…[+")[0]
        assert text.lines[number - 1].startswith(said)
    assert not rows or GAP not in (rows[0], rows[-1])


@given(TEXTS, ROOMS)
def test_the_headline_is_shown_however_little_room_there_is(text: LogText, room: int) -> None:
    study = study_of(text)
    found = study.excerpt(1, 2000)
    first = headline(found)
    rows = write_excerpt(text, found, room, width_for(room, 2000), first)
    shown = numbered("\n".join(["<<<log 0a1b2c3d", *(row.text for row in rows), "0a1b2c3d log>>>"]))
    assert first is None or first.number in {number for number, _, _ in shown}


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
