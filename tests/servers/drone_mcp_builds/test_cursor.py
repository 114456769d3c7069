from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_builds.cursor import FURTHEST_PAGE, LARGEST, Position, decode, encode, first_position
from drone_mcp_client.errors import InvalidInput

places = st.builds(
    Position, page=st.integers(1, FURTHEST_PAGE), size=st.integers(1, 100), before=st.integers(1, LARGEST)
)
questions = st.fixed_dictionaries(
    {"repo": st.text(min_size=1, max_size=40)},
    optional={"branch": st.none() | st.text(max_size=20), "local": st.dictionaries(st.text(), st.integers())},
)


@given(places, questions)
def test_a_cursor_comes_back_as_the_place_it_was_made_of(position: Position, question: dict[str, Any]) -> None:
    assert decode(encode(position, question), question) == position


@given(places, questions, questions)
def test_a_cursor_of_another_question_is_refused(
    position: Position, one: dict[str, Any], other: dict[str, Any]
) -> None:
    def asked(question: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in question.items() if value is not None}

    cursor = encode(position, one)
    if asked(one) == asked(other):
        assert decode(cursor, other) == position
        return
    with pytest.raises(InvalidInput, match="another repository or other filters"):
        decode(cursor, other)


@given(st.text(max_size=300))
def test_any_text_is_a_cursor_or_is_told_to_be_none(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode(text, {"repo": "octo/hello"})
    assert "without a cursor" in refused.value.next_step


def test_a_text_much_longer_than_any_cursor_is_not_even_read() -> None:
    with pytest.raises(InvalidInput, match="not a cursor"):
        decode("W" * 100_000, {"repo": "octo/hello"})


@pytest.mark.parametrize(
    "data",
    [
        [],
        [1, 10, 5],
        {"page": 1},
        [0, 10, 5, "x"],
        [1, 101, 5, "x"],
        [1, 10, 0, "x"],
        [True, 10, 5, "x"],
        [1, 10, 2**63, "x"],
        ["1", 10, 5, "x"],
    ],
)
def test_forged_parts_are_refused(data: Any) -> None:
    forged = base64.urlsafe_b64encode(json.dumps(data).encode()).decode()
    with pytest.raises(InvalidInput, match="not a cursor of this server"):
        decode(forged, {"repo": "octo/hello"})


def test_the_beginning_is_before_no_build() -> None:
    assert first_position(10) == Position(page=1, size=10, before=LARGEST)


def test_a_cursor_is_short_and_fits_a_command_line() -> None:
    cursor = encode(Position(FURTHEST_PAGE, 100, LARGEST), {"repo": "o" * 200})
    assert len(cursor) < 80
    assert cursor.replace("-", "").replace("_", "").isalnum()
