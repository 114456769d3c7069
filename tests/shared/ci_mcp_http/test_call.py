from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_http.call import join_path, quote_input, quote_segment
from ci_mcp_kit.errors import InvalidInput
from support.texts import SEGMENTS


@given(SEGMENTS)
def test_a_quoted_segment_is_one_segment_and_reads_back(text: str) -> None:
    quoted = quote_segment(text)
    assert unquote(quoted) == text
    assert quoted.isascii()
    assert not set(quoted) & set("/?# \\%") - {"%"}


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a\nb", "\x00", "\x7f", "\ud800", "x" * 1001])
def test_a_segment_that_would_change_the_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        quote_segment(text)


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_below_one_is_refused(number: int) -> None:
    with pytest.raises(InvalidInput, match="1 or more"):
        join_path("builds", number)


def test_a_path_is_its_segments_and_leaves_unquoted_what_the_service_wants_so() -> None:
    assert join_path("job", "a b/c"[:3], 7) == "/job/a%20b/7"
    assert join_path("user", "octo@x", safe="@") == "/user/octo@x"
    assert join_path("user", "octo@x") == "/user/octo%40x"


@given(st.text(max_size=2000))
def test_a_refused_argument_is_shown_on_one_bounded_line(text: str) -> None:
    assert quote_input(text).isprintable()
    assert len(quote_input(text)) < 1200
