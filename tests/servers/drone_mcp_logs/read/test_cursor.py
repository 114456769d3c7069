from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_client.errors import InvalidInput
from drone_mcp_logs.read.cursor import Cursor, check_build, check_step, decode, encode

NUMBERS = st.integers(0, 2**62)
CURSORS = st.builds(
    Cursor, number=NUMBERS, stage=NUMBERS, step=NUMBERS, line=NUMBERS, back=st.booleans(), pos=st.integers(-1, 2**62)
)


@given(CURSORS, st.text(max_size=80))
def test_a_cursor_comes_back_as_it_was_for_its_repository(cursor: Cursor, repo: str) -> None:
    assert decode(repo, encode(repo, cursor)) == cursor


@given(CURSORS)
def test_a_cursor_is_refused_for_another_repository(cursor: Cursor) -> None:
    with pytest.raises(InvalidInput, match="another repository than octo/other"):
        decode("octo/other", encode("octo/hello", cursor))


@given(st.text(max_size=300) | st.binary(max_size=100).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_anything_else_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode("octo/hello", text)
    assert "Call without cursor" in refused.value.next_step


@pytest.mark.parametrize(
    "values", [None, 1, [], ["x"], ["x", 1, 2, 3, 4, 0], ["x", 1, 2, 3, 4, 0, -2], ["x", 1, 2, 3, "4", 0, -1], {"a": 1}]
)
def test_json_of_another_shape_is_no_cursor(values: object) -> None:
    text = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
    with pytest.raises(InvalidInput, match="no cursor"):
        decode("octo/hello", text)


def test_a_cursor_stays_with_its_build_and_step() -> None:
    cursor = Cursor(number=7, stage=1, step=3, line=10)
    check_build(cursor, 7)
    check_build(cursor, None)
    check_step(cursor, 1, 3)
    with pytest.raises(InvalidInput, match="belongs to build 7, not to build 8"):
        check_build(cursor, 8)
    with pytest.raises(InvalidInput, match="belongs to step 1/3"):
        check_step(cursor, 1, 4)
