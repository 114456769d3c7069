from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_build.scope import RepoScope
from drone_mcp_client import calls
from drone_mcp_client.errors import PermissionDenied

PART = st.text("aAb.-_", min_size=1, max_size=5)
GLOB = st.text("aAb*?.", min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("slug", "seen"),
    [
        ("octo/hello", True),
        ("octo/", False),
        ("octo", False),
        ("octo/hello/world", False),
        ("Octo/hello", False),
        ("acme/web", True),
        ("acme/web2", False),
        ("acme/api-1", True),
        ("", False),
    ],
)
def test_a_repository_is_seen_where_a_glob_matches_it(slug: str, seen: bool) -> None:
    assert RepoScope(["octo/?*", "acme/web", "acme/api-[0-9]"]).sees(slug) is seen


def test_without_globs_everything_is_seen() -> None:
    assert RepoScope().sees("any/thing")


@given(PART, PART, GLOB, GLOB)
def test_each_side_of_the_slash_is_matched_by_itself(owner: str, name: str, owners: str, names: str) -> None:
    seen = RepoScope([f"{owners}/{names}"]).sees(f"{owner}/{name}")
    assert seen == (fnmatchcase(owner, owners) and fnmatchcase(name, names))


def test_a_call_out_of_scope_is_refused_before_it_leaves_and_one_without_a_repository_passes() -> None:
    scope = RepoScope(["octo/*"])
    scope.gate(calls.build("octo/hello", 1))
    scope.gate(calls.user())
    with pytest.raises(PermissionDenied) as caught:
        scope.gate(calls.build("acme/web", 1))
    assert "acme/web" in caught.value.message
    assert "octo/*" in caught.value.message
    assert caught.value.details == {"repo": "acme/web", "rule": "scope"}


def test_answers_about_many_repositories_are_narrowed() -> None:
    assert RepoScope(["octo/*"]).only(["octo/a", "acme/b"], slug=str) == ["octo/a"]
