from __future__ import annotations

import pytest

from ci_mcp_logs.cursors import Cursor, encode
from drone_mcp_client.errors import InvalidInput
from drone_mcp_logs.read.step_cursor import check_build, check_step, decode

CURSOR = Cursor((7, 1, 3), line=10)


def test_a_cursor_is_refused_for_another_repository() -> None:
    with pytest.raises(InvalidInput, match="another repository than octo/other"):
        decode("octo/other", encode("octo/hello", CURSOR))


@pytest.mark.parametrize("text", ["", "x", encode("octo/hello", Cursor((7, 1), line=10))])
def test_anything_else_is_refused_with_the_way_to_start_over(text: str) -> None:
    with pytest.raises(InvalidInput, match="not a cursor of this server") as refused:
        decode("octo/hello", text)
    assert "Call without cursor" in refused.value.next_step


def test_a_cursor_stays_with_its_build_and_step() -> None:
    assert decode("octo/hello", encode("octo/hello", CURSOR)) == CURSOR
    check_build(CURSOR, 7)
    check_build(CURSOR, None)
    check_step(CURSOR, 1, 3)
    with pytest.raises(InvalidInput, match="belongs to build 7, not to build 8"):
        check_build(CURSOR, 8)
    with pytest.raises(InvalidInput, match="belongs to step 1/3"):
        check_step(CURSOR, 1, 4)
