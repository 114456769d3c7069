"""Names of branches, held against git itself."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drone_mcp_config.agents.pushable_branches import branch_problem, is_protected

PIECES = st.sampled_from([*"aZ0-_./@{}~^:?*[\\ +$()", "..", "@{", ".lock", "//", "/.", "\x7f"])


@settings(max_examples=150, deadline=None)
@given(name=st.lists(PIECES, min_size=1, max_size=6).map("".join))
def test_what_is_a_name_here_is_one_for_git(name: str) -> None:
    check = ["git", "check-ref-format", "--branch", name]
    if branch_problem(name) is None:
        assert subprocess.run(check, capture_output=True, check=False).returncode == 0, name


@pytest.mark.parametrize("name", ["fix", "agent/fix-1", "a.b", "feature/$(x)", "v1+x", "dependabot/npm/a-1.2"])
def test_ordinary_names_are_names(name: str) -> None:
    assert branch_problem(name) is None


@pytest.mark.parametrize(
    "name", ["", "-x", "a b", "a..b", "/a", "a/", "a//b", ".a", "a.", "a.lock", "@", "a\nb", "HEAD", "é", "x" * 201]
)
def test_what_is_no_name_is_reported(name: str) -> None:
    assert branch_problem(name)


def test_the_branch_that_the_remote_shows_first_is_protected() -> None:
    assert is_protected("edge", "edge")
    assert not is_protected("edge", "main")
    assert not is_protected("maintenance", None)
