"""Times as answers write them."""

from __future__ import annotations

import pytest

from drone_mcp_build.iso_time import format_time


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (1_795_255_000, "2026-11-21T09:56:40Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, None),
        (0, None),
        (-1, None),
    ],
)
def test_a_time_is_written_in_utc_and_one_that_is_none_is_left_out(seconds: int, written: str | None) -> None:
    assert format_time(seconds) == written
