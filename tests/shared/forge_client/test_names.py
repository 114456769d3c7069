from __future__ import annotations

import pytest

from ci_mcp_kit.errors import InvalidInput
from forge_client.names import check_head, check_ref, find_repo, is_full_sha, is_sha, parse_repo, split_path


def test_a_repository_is_an_owner_and_a_name() -> None:
    assert str(parse_repo(" octo/hello ")) == "octo/hello"


@pytest.mark.parametrize("text", ["", "octo", "octo/", "/hello", "a/b/c", "octo/..", "octo/he\nllo", "octo/\ud800"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_repo(text)
    assert "octo/hello" in caught.value.next_step


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ("/api/v1/repos/octo/newname", "octo/newname"),
        ("/git/api/v1/repos/octo/newname/issues?page=2", "octo/newname"),
        ("https://forge.example.com/api/v1/repos/octo/new.name/issues", "octo/new.name"),
        ("/octo/newname", None),
        ("/api/v1/repos/octo", None),
        ("/api/v1/repos/octo/..", None),
        ("/api/v1/repos/oc%2fto/x", None),
        ("http://[::1", None),
        ("", None),
    ],
)
def test_the_repository_of_a_redirect_is_found_in_its_path(location: str, found: str | None) -> None:
    repo = find_repo(location)
    assert (repo and str(repo)) == found


@pytest.mark.parametrize("ref", ["main", "feature/multiply", "v1.0.0", "refs/pull/1/head", "0abbfeb5", "ünï", "a@b"])
def test_what_git_takes_as_a_ref_is_one(ref: str) -> None:
    assert check_ref(ref) == ref


@pytest.mark.parametrize(
    "ref",
    [
        *(
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            ".a",
            "a/.b",
            "a..b",
            "a.",
            "a.lock",
            "a.lock/b",
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?",
        ),
        *("a*", "a[b", "a\\b", "a@{1}", "@", "-a", "a\nb", "a\x7fb", "\ud800", "a" * 1001),
    ],
)
def test_what_git_does_not_take_as_a_ref_is_refused(ref: str) -> None:
    with pytest.raises(InvalidInput):
        check_ref(ref)


def test_a_head_may_be_in_the_fork_of_a_user() -> None:
    assert check_head("hugo:fix/it") == "hugo:fix/it"
    assert check_head("fix/it") == "fix/it"


@pytest.mark.parametrize("head", [":a", "hugo:", "a/b:c", "..:a", "a:b:c", "hu\ngo:a"])
def test_a_head_of_no_user_or_branch_is_refused(head: str) -> None:
    with pytest.raises(InvalidInput):
        check_head(head)


def test_a_path_is_split_from_the_root_and_the_root_has_no_parts() -> None:
    assert split_path("src/main.py") == split_path("/src/main.py/") == ("src", "main.py")
    assert split_path("") == split_path("/") == ()


@pytest.mark.parametrize("path", ["..", "a/../b", "./a", "a//b", "a\nb", "a/" * 2500 + "b", "\ud800"])
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput):
        split_path(path)


@pytest.mark.parametrize(
    ("text", "short", "whole"),
    [
        ("0abb", True, False),
        ("0ab", False, False),
        ("a" * 40, True, True),
        ("a" * 41, True, False),
        ("A" * 64, True, True),
        ("a" * 65, False, False),
        ("g" * 40, False, False),
        ("0abb\n", False, False),
        ("٣" * 40, False, False),
    ],
)
def test_a_hash_has_four_digits_or_more(text: str, short: bool, whole: bool) -> None:
    assert (is_sha(text), is_full_sha(text)) == (short, whole)
