"""The targets of previews, for any branches in any order."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_deployments.preview_names import is_preview, name_target

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123, section 2.1
# Of few characters, so that many of them come to the same name.
ALIKE = st.text(alphabet="aB-/._", min_size=1, max_size=6)
ANY = st.text(min_size=1, max_size=300) | ALIKE | st.text(alphabet="ab/", min_size=50, max_size=70)


@given(st.lists(ANY, max_size=12))
def test_open_previews_have_names_of_hosts_and_no_two_branches_have_the_same(branches: list[str]) -> None:
    owners: dict[str, str] = {}
    for branch in branches:
        target = name_target(branch, owners)
        assert LABEL.fullmatch(target)
        assert is_preview(target)
        assert owners.setdefault(target, branch) == branch


@given(st.lists(ALIKE, min_size=1, max_size=8))
def test_a_branch_keeps_its_target_while_its_preview_is_open(branches: list[str]) -> None:
    owners: dict[str, str] = {}
    targets: dict[str, str] = {}
    for branch in branches:
        targets.setdefault(branch, name_target(branch, owners))
        owners[targets[branch]] = branch
    assert {branch: name_target(branch, owners) for branch in branches} == targets


@pytest.mark.parametrize(
    ("branch", "target"),
    [
        ("feature/login", "preview-feature-login"),
        ("Fix_The.Page", "preview-fix-the-page"),
        ("release/1.2", "preview-release-1-2"),
        ("-odd--name-", "preview-odd-name"),
        ("ünï/x", "preview-n-x"),
    ],
)
def test_a_branch_gives_its_name(branch: str, target: str) -> None:
    assert name_target(branch, {}) == target


def test_a_second_branch_of_the_same_name_gets_a_hash() -> None:
    owners = {"preview-fix-login": "fix/login"}
    assert name_target("fix/login", owners) == "preview-fix-login"
    assert re.fullmatch(r"preview-fix-login-[0-9a-f]{8}", name_target("fix-login", owners))


@pytest.mark.parametrize("branch", ["修正", "x" * 56])
def test_a_branch_whose_name_cannot_be_a_hosts_gets_a_hash(branch: str) -> None:
    assert re.fullmatch(r"preview-(x+-)?[0-9a-f]{8}", name_target(branch, {}))


def test_a_branch_named_after_the_hash_of_another_is_not_in_its_way() -> None:
    owners = {"preview-fix-login": "fix/login"}
    hashed = name_target("fix-login", owners)
    owners[hashed] = hashed.removeprefix("preview-")
    assert name_target("fix-login", owners) not in owners
