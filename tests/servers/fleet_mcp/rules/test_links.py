"""Addresses of pull requests and branches, and the builds that belong to them."""

from __future__ import annotations

import pytest

from drone_mcp_client.models import Build
from fleet_mcp.rules.links import Link, find_newest_build, read_link


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://git.example.com/acme/shop/pull/12", Link("acme/shop", 12)),
        ("https://gitea.example.com/acme/shop/pulls/12/files", Link("acme/shop", 12)),
        ("https://gitlab.example.com/acme/shop/-/merge_requests/3", Link("acme/shop", 3)),
        ("https://gitea.example.com/git/acme/shop/pulls/12", Link("acme/shop", 12)),
        ("https://gitea.example.com/acme/shop/src/branch/fix/cart", Link("acme/shop", branch="fix/cart")),
        ("https://git.example.com/acme/shop/tree/fix%2Fcart", Link("acme/shop", branch="fix/cart")),
        ("https://git.example.com/acme/shop", None),
        ("https://git.example.com/acme/shop/pull/0", None),
        ("javascript:alert(1)//acme/shop/pull/1", None),
        ("https://[broken/acme/shop/pull/1", None),
        ("", None),
    ],
)
def test_an_address_leads_to_a_pull_request_or_branch_or_to_nothing(address: str, link: Link | None) -> None:
    assert read_link(address) == link


def make(number: int, status: str, **facts: str) -> Build:
    return Build.model_validate({"number": number, "status": status, "event": "push", "target": "main", **facts})


PULL = {"event": "pull_request", "ref": "refs/pull/12/head", "source": "fix/cart"}
BUILDS = [
    make(1, "failure", target="fix/cart"),
    make(2, "failure", **PULL),
    make(3, "success", target="fix/cart"),
    make(4, "failure"),
    make(5, "failure", event="pull_request", ref="refs/pull/13/head", source="fix/other"),
]


def test_the_newest_build_of_a_pull_request_may_be_one_of_its_branch() -> None:
    for link in (Link("acme/shop", 12), Link("acme/shop", branch="fix/cart")):
        newest = find_newest_build(link, BUILDS)
        assert newest
        assert newest.number == 3


def test_another_pull_request_and_the_branch_that_it_goes_to_do_not_count() -> None:
    assert find_newest_build(Link("acme/shop", 99), BUILDS) is None
    assert find_newest_build(Link("acme/shop", branch="fix/none"), BUILDS) is None


def test_the_branch_of_a_fork_is_not_the_branch_of_the_same_name_here() -> None:
    forked = make(6, "success", event="pull_request", ref="refs/pull/14/head", source="main", source_repo="eve/shop")
    newest = find_newest_build(Link("acme/shop", 14), [*BUILDS, forked, make(7, "failure")])
    assert newest
    assert newest.number == 6
