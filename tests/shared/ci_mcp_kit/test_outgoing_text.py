from __future__ import annotations

import anyio.to_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.outgoing_text import Cleaner, cleaned, one_line
from ci_mcp_kit.redact import MARK, Redactor

SECRET = "s3cr3t-of-the-tests"


@given(st.text(), st.integers(1, 50))
def test_one_line_is_one_line_and_no_longer_than_asked(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert "\n" not in line


def test_one_line_says_that_it_was_cut() -> None:
    assert one_line("fix  the\n build", 20) == "fix the build"
    assert one_line("a" * 30, 10) == "a" * 9 + "\u2026"


@pytest.mark.parametrize("limit", range(len(MARK), 60))
def test_half_a_secret_is_not_left_where_a_line_is_cut(limit: int) -> None:
    with Cleaner(Redactor(lambda: [SECRET])).in_force():
        line = one_line(f"the token is {SECRET} and so on, to the end of the line", limit)
    assert len(line) <= limit
    assert not any(SECRET[at : at + 4] in line for at in range(len(SECRET) - 3))


async def test_a_thread_cleans_as_the_task_that_started_it() -> None:
    with Cleaner(Redactor(lambda: [SECRET])).in_force():
        assert await anyio.to_thread.run_sync(cleaned, f"a {SECRET}") == f"a {MARK}"
    assert cleaned(f"a {SECRET}") == f"a {SECRET}"
