from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ci_mcp_kit.errors import InvalidInput, PermissionDenied
from forge_client.text_checks import LONGEST_BODY, LONGEST_TITLE, check_body, check_changeable, check_title, fence
from support.forge_captures import gitea
from support.forge_routes import answer_of


@given(st.lists(st.sampled_from(["`", "``", "```", "````", "\n", "@rita", "closes #1", " ", "~~~", "a"])).map("".join))
@example("```\n@rita closes #1\n```")
@example("`" * 50)
def test_no_line_of_a_text_ends_the_fence_around_it(text: str) -> None:
    first, *lines, last = fence(text).split("\n")
    assert "\n".join(lines) == text
    assert first == last
    assert len(first) >= 4
    # A closing fence has at least as many backticks as the opening one (CommonMark 0.31.2, section 4.5).
    assert not [line for line in lines if first in line]


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\ud800", "a\0b"])
def test_a_text_that_nobody_can_read_is_refused(text: str) -> None:
    for check in (check_title, check_body):
        with pytest.raises(InvalidInput):
            check(text)


@pytest.mark.parametrize("title", ["a\nb", "a\r"])
def test_a_title_is_one_line(title: str) -> None:
    with pytest.raises(InvalidInput, match="one line"):
        check_title(title)


def test_texts_are_bounded() -> None:
    assert check_title("t" * LONGEST_TITLE) == "t" * LONGEST_TITLE
    assert check_body("b" * LONGEST_BODY) == "b" * LONGEST_BODY
    with pytest.raises(InvalidInput, match="256 characters, and may have 255"):
        check_title("t" * (LONGEST_TITLE + 1))
    with pytest.raises(InvalidInput):
        check_body("b" * (LONGEST_BODY + 1))


def test_nothing_is_to_be_changed_in_an_archived_repository() -> None:
    check_changeable(answer_of(gitea(14)))
    with pytest.raises(PermissionDenied, match="octo/attic is archived") as caught:
        check_changeable(answer_of(gitea(22)))
    assert caught.value.details["reason"] == "archived"
