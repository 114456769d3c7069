from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.evidence import count_lines, headline, study_of, write_excerpt, write_to_fit
from ci_mcp_logs.line_budget import GAP, LEAST_ROOM, room_of_all, width_for
from ci_mcp_logs.log_text import LogText
from support.agent import numbered

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
