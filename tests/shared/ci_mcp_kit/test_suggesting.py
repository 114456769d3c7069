"""The known word that is suggested in place of a wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.suggesting import find_nearest, suggest

if TYPE_CHECKING:
    from collections.abc import Callable

# A few letters and lengths only, so that words are near to each other. "ß" becomes longer when its case is folded.
WORDS = st.text(alphabet="aAbBcC_-ß", min_size=1, max_size=12)


@given(WORDS, st.lists(WORDS), st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))
def test_a_word_in_another_case_is_found_whatever_its_own_case_is(
    word: str, others: list[str], change_case: Callable[[str], str]
) -> None:
    distinct = [other for other in others if other.casefold() != word.casefold()]
    assert find_nearest(change_case(word), [*distinct, word]) == word


@given(WORDS, st.lists(WORDS))
def test_only_a_known_word_is_suggested_as_it_is_written(wrong: str, known: list[str]) -> None:
    assert find_nearest(wrong, known) in {None, *known}


@given(st.text(min_size=1), st.lists(WORDS, min_size=1))
def test_the_case_of_a_wrong_word_makes_no_difference(wrong: str, known: list[str]) -> None:
    assert find_nearest(wrong.casefold(), known) == find_nearest(wrong, known)


def test_a_slip_in_an_upper_case_name_is_answered_with_that_name() -> None:
    assert suggest("NPM_TOKN", ["NPM_TOKEN", "DOCKER_PASSWORD"]) == "Did you mean 'NPM_TOKEN'?"


def test_all_known_words_are_named_where_none_is_near() -> None:
    assert suggest("zebra", ["NPM_TOKEN", "deploy"], "It has") == "It has: NPM_TOKEN, deploy."
    assert suggest("zebra", []) == "Known are: none."


def test_a_word_of_any_length_is_answered_at_once() -> None:
    assert find_nearest("deploy" * 100_000, ["deploy" * 30]) == "deploy" * 30
