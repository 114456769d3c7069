"""Globs of jobs match every name by which Jenkins finds a job."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jenkins_mcp.scope import JobScope

# Java takes them for an i and an s where it ignores case.
DOTLESS_I, LONG_S = "\N{LATIN SMALL LETTER DOTLESS I}", "\N{LATIN SMALL LETTER LONG S}"

names = st.lists(st.text(f"aB1 é{DOTLESS_I}{LONG_S}K%-.", min_size=1, max_size=4), min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("globs", "job", "sees"),
    [
        ("", "any/job", True),
        ("team/**", "team", True),
        ("team/**", "team/app/main", True),
        ("team/**", "teams/app", False),
        ("team/*", "team/app", True),
        ("team/*", "team/app/main", False),
        ("team/*", "team", False),
        ("**/deploy", "deploy", True),
        ("**/deploy", "a/b/deploy", True),
        ("**/deploy", "a/deploy/b", False),
        ("**/deploy/**", "a/deploy/b", True),
        ("te?m/a*", "team/app", True),
        ("!team/deploy/**", "team/app", True),
        ("!team/deploy/**", "team/deploy", False),
        ("team/** !team/deploy/**", "team/deploy/prod", False),
        ("team/** !team/deploy/**", "Team/DEPLOY/prod", False),
        ("team/** !team/deploy-i", f"team/deploy-{DOTLESS_I}", False),
        ("team/** !team/mb/feature%2F*", "team/mb/feature%252Fx", False),
    ],
)
def test_a_glob_means_jobs_by_their_full_names(globs: str, job: str, sees: bool) -> None:
    assert JobScope(globs.split()).sees(job) is sees


@pytest.mark.parametrize(
    ("globs", "folder", "may"),
    [
        ("", "", True),
        ("team/app/**", "", True),
        ("team/app/**", "team", True),
        ("team/app/**", "other", False),
        ("team/app", "team/app", False),
        ("**/deploy", "any/where", True),
        ("team/*", "team", True),
        ("team/*", "team/app", False),
        ("!team/**", "team", False),
        ("!team/**", "", True),
        ("!team/*", "team", True),
    ],
)
def test_a_folder_is_opened_only_if_something_in_it_can_be_in_scope(globs: str, folder: str, may: bool) -> None:
    assert JobScope(globs.split()).may_contain(folder) is may


@given(names, st.sampled_from([str.upper, str.lower, str.swapcase, lambda name: "/".join(map(quote, name.split("/")))]))
def test_what_is_denied_is_denied_by_every_name(name: str, other: object) -> None:
    literal = "/".join("".join(f"[{c}]" if c in "*?[" else c for c in part) for part in name.split("/"))
    assert callable(other)
    scope = JobScope(["**", f"!{literal}"])
    assert not scope.sees(name)
    assert not scope.sees(other(name)) or len(other(name)) != len(name)


@given(names)
def test_whatever_is_in_scope_is_in_folders_that_are_opened(name: str) -> None:
    scope = JobScope([name])
    parts = name.split("/")
    assert all(scope.may_contain("/".join(parts[:length])) for length in range(len(parts)))
