from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_config.variable_references import Reference, Template


def test_references_are_found_with_their_defaults() -> None:
    assert Template.parse("a ${B} ${C:-d}").parts == ("a ", Reference("B"), " ", Reference("C", "d"))


def test_a_lone_reference_is_known() -> None:
    assert Template.parse("${B}").sole_reference == "B"
    assert Template.parse("${B:-x}").sole_reference is None
    assert Template.parse("x${B}").sole_reference is None


@pytest.mark.parametrize("text", ["${", "${}", "${1A}", "${A:-${B}}", "${A B}"])
def test_what_only_starts_like_a_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="starts no reference"):
        Template.parse(text)


def test_values_are_filled_in_as_a_shell_does() -> None:
    template = Template.parse("${A}-${B:-none}")
    assert template.fill({"A": "1", "B": ""}) == "1-none"
    with pytest.raises(KeyError, match="A"):
        template.fill({})


@given(st.text().filter(lambda text: "${" not in text))
def test_text_without_references_comes_out_as_it_went_in(text: str) -> None:
    assert Template.parse(text).fill({}) == text
