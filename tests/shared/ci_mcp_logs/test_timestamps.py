from __future__ import annotations

import pytest

from ci_mcp_logs.timestamps import common_form, split_stamp

TIMES = [f"2026-05-01T12:00:0{second}.1234567Z" for second in range(4)]
FORMS = {
    "github": ("2026-05-01T12:00:01.1234567Z ", "2026-05-01T12:00:02.7654321Z "),
    "go": ("2026/05/01 12:00:01 ", "2026/05/02 23:59:59 "),
    "fractions of any length": ("2026-05-01T12:00:01.12Z\t", "2026-05-01T12:00:01Z\t"),
    "python": ("2026-05-01 12:00:01,123 ", "2026-05-01 12:00:02,001 "),
    "with an offset": ("2026-05-01T12:00:01+02:00 ", "2026-05-01T12:00:02+02:00 "),
    "clock": ("[12:00:01] ", "[12:00:02] "),
    "bare clock": ("12:00:01.5 ", "12:00:02.25 "),
    "logfmt": ('time="2026-05-01T12:00:01Z" ', 'time="2026-05-01T12:00:02Z" '),
}


@pytest.mark.parametrize("stamps", FORMS.values(), ids=FORMS)
def test_the_usual_forms_are_known(stamps: tuple[str, str]) -> None:
    form = common_form([f"{stamp}text" for stamp in stamps * 2])
    assert [split_stamp(f"{stamp}  text", form) for stamp in stamps] == [(stamp.strip(), "  text") for stamp in stamps]
    assert split_stamp(stamps[0].strip(), form) == (stamps[0].strip(), "")


@pytest.mark.parametrize(
    "line",
    ["12:00", "2026-05-01", "12:00:01", "1.5 s", "2026-05-01T12:00:01Zulu", "at 12:00:01 it broke", "", "time=1"],
)
def test_what_is_no_stamp_of_the_logs_form_stays(line: str) -> None:
    form = common_form([f"{time} x" for time in TIMES])
    assert split_stamp(line, form) == ("", line)


def test_a_log_in_which_hardly_a_line_has_a_time_has_no_form() -> None:
    assert common_form([*(f"line {number}" for number in range(50)), *(f"{time} x" for time in TIMES[:3])]) == ""
    assert common_form([]) == ""
