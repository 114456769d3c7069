from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.cursors import Cursor, CursorError, ForeignCursor, decode, encode

NUMBERS = st.integers(0, 2**62)
CURSORS = st.builds(
    Cursor,
    log=st.lists(NUMBERS, max_size=3).map(tuple),
    line=NUMBERS,
    back=st.booleans(),
    pos=st.integers(-1, 2**62),
)


@given(CURSORS, st.text(max_size=80))
def test_a_cursor_comes_back_as_it_was_for_its_owner(cursor: Cursor, owner: str) -> None:
    assert decode(owner, encode(owner, cursor), len(cursor.log)) == cursor


@given(CURSORS)
def test_a_cursor_is_refused_for_another_owner(cursor: Cursor) -> None:
    with pytest.raises(ForeignCursor):
        decode("octo/other", encode("octo/hello", cursor), len(cursor.log))


@given(CURSORS, st.integers(0, 4))
def test_a_cursor_is_refused_where_logs_are_named_otherwise(cursor: Cursor, numbers: int) -> None:
    if numbers != len(cursor.log):
        with pytest.raises(CursorError):
            decode("octo/hello", encode("octo/hello", cursor), numbers)


@given(st.text(max_size=300) | st.binary(max_size=100).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_anything_else_is_no_cursor(text: str) -> None:
    with pytest.raises(CursorError):
        decode("octo/hello", text, 3)


@pytest.mark.parametrize(
    "values", [None, 1, [], ["x"], ["x", 1, 2, 3, 4, 0], ["x", 1, 2, 3, 4, 0, -2], ["x", 1, 2, 3, "4", 0, -1], {"a": 1}]
)
def test_json_of_another_shape_is_no_cursor(values: object) -> None:
    text = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
    with pytest.raises(CursorError):
        decode("octo/hello", text, 3)
