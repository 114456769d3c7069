"""The labels of an image lead to its build, and what is malformed in them leads nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_nodes.rules.image_labels import NUMBER, REVISION, SLUG, SOURCE, BuildOfImage, read_build

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ({}, BuildOfImage()),
        ({SOURCE: "https://git.example.com/octo/shop.git"}, BuildOfImage(repo="octo/shop")),
        ({SOURCE: "https://git.example.com/octo/shop/", NUMBER: "42"}, BuildOfImage(repo="octo/shop", number=42)),
        ({SLUG: "octo/shop", SOURCE: "https://git.example.com/a/b"}, BuildOfImage(repo="octo/shop")),
        ({REVISION: COMMIT}, BuildOfImage(commit=COMMIT)),
        ({SOURCE: "https://git.example.com/a/b/c"}, BuildOfImage()),
        ({SOURCE: "git@example.com:octo/shop.git", NUMBER: "0", REVISION: "main"}, BuildOfImage()),
    ],
)
def test_labels_lead_to_the_build_that_they_name(labels: dict[str, str], found: BuildOfImage) -> None:
    assert read_build(labels) == found


@given(st.dictionaries(st.sampled_from([SOURCE, REVISION, SLUG, NUMBER]), st.text()))
def test_whatever_a_label_holds_a_build_has_a_plain_name_and_number(labels: dict[str, str]) -> None:
    found = read_build(labels)
    assert not found.repo or (found.repo.count("/") == 1 and not any(map(str.isspace, found.repo)))
    assert found.number is None or found.number > 0
