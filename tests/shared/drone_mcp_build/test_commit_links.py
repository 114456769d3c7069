"""The pages of commits, as each kind of source host has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_build.commit_links import commit_page, compare_page, home_by_link
from drone_mcp_client.models import Build
from support.made_builds import made_build

OLD, NEW = "a" * 40, "b" * 40
HOMES = {
    "https://github.com/octo/hello": ("/commit/{new}", "/compare/{old}...{new}"),
    "https://forge.example.com/git/octo/hello": ("/commit/{new}", "/compare/{old}...{new}"),
    "https://gitlab.com/group/sub/hello": ("/commit/{new}", "/compare/{old}...{new}"),
    "https://bitbucket.org/octo/hello": ("/commits/{new}", "/branches/compare/{new}..{old}"),
    "https://stash.example.com/projects/OCTO/repos/hello": (
        "/commits/{new}",
        "/compare/commits?sourceBranch={new}&targetBranch={old}",
    ),
}


@pytest.mark.parametrize("home", HOMES)
def test_each_host_has_its_pages(home: str) -> None:
    commit, compare = (page.format(old=OLD, new=NEW) for page in HOMES[home])
    assert commit_page(f"{home}/", NEW) == home + commit
    assert compare_page(home, OLD, NEW) == home + compare


@pytest.mark.parametrize(
    "home", ["", "http://x/c", "https://me:secret@git.example.com/octo/hello", "git@host:octo/hello"]
)
def test_what_is_no_page_of_a_repository_gives_none(home: str) -> None:
    assert commit_page(home, NEW) == compare_page(home, OLD, NEW) == ""


@pytest.mark.parametrize(("old", "new"), [(OLD, OLD), ("0" * 40, NEW), ("", NEW), (OLD, "main")])
def test_only_two_commits_are_compared(old: str, new: str) -> None:
    assert compare_page("https://github.com/octo/hello", old, new) == ""


@pytest.mark.parametrize(
    ("link", "home"),
    [
        (f"https://git.example.com/octo/hello/commit/{NEW}", "https://git.example.com/octo/hello"),
        (f"https://gitlab.com/group/hello/-/commit/{NEW}", "https://gitlab.com/group/hello"),
        (f"https://git.example.com/octo/hello/commit/{OLD}", ""),
        (f"https://git.example.com/api/v1/repos/octo/hello/git/commits/{NEW}", ""),
        (f"https://git.example.com/octo/hello/compare/{'0' * 40}...{NEW}", ""),
        ("https://git.example.com/octo/hello/pulls/7", ""),
    ],
)
def test_a_link_tells_the_repository_only_where_it_is_the_page_of_the_commit(link: str, home: str) -> None:
    assert home_by_link(Build.model_validate(made_build(7, link=link, after=NEW))) == home


@given(st.text(), st.text())
def test_no_page_is_made_of_anything_else(home: str, commit: str) -> None:
    page = commit_page(home, commit)
    assert page == "" or page.startswith(("https://", "http://"))
