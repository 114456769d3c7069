"""The one answer to "which branch is this build of", by builds as real servers have them."""

from __future__ import annotations

import pytest

from ci_mcp_kit.guard.rules import matches
from drone_mcp_build.refs import branch_of, history_branch, pull_request_of, tag_of
from drone_mcp_client.models import Build
from support.captures import capture


def captured(number: int) -> Build:
    return Build.model_validate_json(capture(number).body)


def made(**fields: str) -> Build:
    return Build.model_validate({"number": 1, "status": "success", **fields})


CUSTOM, PROMOTED, ROLLED_BACK, PUSHED, CRON = 43, 65, 66, 81, 95
# As Drone 2.25 makes them of Gitea's webhooks.
PULL_REQUEST = {"event": "pull_request", "ref": "refs/pull/17/head", "source": "ev", "target": "main"}
TAG = {"event": "tag", "action": "create", "ref": "refs/tags/v1.2.3"}


@pytest.mark.parametrize("number", [CUSTOM, PROMOTED, ROLLED_BACK, PUSHED, CRON])
def test_a_build_of_a_branch_is_of_that_branch(number: int) -> None:
    build = captured(number)
    assert branch_of(build) == build.ref.removeprefix("refs/heads/") == history_branch(build)
    assert (tag_of(build), pull_request_of(build)) == (None, None)


def test_a_pull_request_is_of_the_branch_that_it_goes_to() -> None:
    build = made(**PULL_REQUEST)
    assert (branch_of(build), history_branch(build), pull_request_of(build)) == ("main", "main", 17)


def test_a_tag_is_of_no_branch_and_has_none_before_it() -> None:
    build = made(**TAG)
    assert branch_of(build) == build.ref == "refs/tags/v1.2.3"
    assert (history_branch(build), tag_of(build)) == ("", "v1.2.3")


@pytest.mark.parametrize("event", ["tag", "promote", "rollback", "custom"])
def test_a_tag_whose_build_names_the_branch_at_which_it_was_set_is_still_of_no_branch(event: str) -> None:
    build = made(event=event, ref="refs/tags/main", target="main", source="main")
    assert (branch_of(build), history_branch(build), tag_of(build)) == ("refs/tags/main", "", "main")
    assert not matches(("main", "release/*"), branch_of(build)), "no glob of branches lets it through"


def test_a_build_of_an_unknown_kind_of_ref_is_of_no_branch() -> None:
    build = made(event="custom", ref="refs/notes/commits")
    assert (branch_of(build), history_branch(build)) == ("refs/notes/commits", "")


@pytest.mark.parametrize(
    ("ref", "number"),
    [
        ("refs/pull/7/head", 7),
        ("refs/merge-requests/8/head", 8),
        ("refs/pull-requests/9/from", 9),
        ("refs/pull/x/head", None),
        ("refs/heads/pull/7", None),
    ],
)
def test_pull_requests_are_numbered_as_each_host_does(ref: str, number: int | None) -> None:
    assert pull_request_of(made(event="pull_request", ref=ref)) == number
