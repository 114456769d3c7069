"""Which previews are open, which are over, and which are wanted."""

from __future__ import annotations

from typing import Any

import pytest

from drone_mcp_client.models import Build
from drone_mcp_deployments.previews import find_closed, find_preview, find_wanted, read_previews

STOP = ("PREVIEW_ACTION", "stop")
STOPPING = {"PREVIEW_ACTION": "stop", "COLOUR": "blue"}


def build(number: int, branch: str = "topic", **fields: Any) -> Build:
    known = {"event": "push", "status": "success", "ref": f"refs/heads/{branch}", "source": branch, "target": branch}
    return Build.model_validate({"number": number, "after": f"commit-{number}", "finished": number, **known, **fields})


def deployed(number: int, target: str = "preview-topic", **fields: Any) -> Build:
    return build(number, **{"event": "promote", "deploy_to": target, **fields})


def pulled(number: int, branch: str, repo: str = "octo/hello") -> Build:
    ref = f"refs/pull/{number}/head"
    return build(number, event="pull_request", ref=ref, source=branch, target="main", source_repo=repo)


@pytest.mark.parametrize(
    ("status", "params", "state", "is_open"),
    [
        ("pending", {}, "opening", True),
        ("success", {}, "open", True),
        ("failure", {}, "open (failure)", True),
        ("success", {"PREVIEW_ACTION": "start"}, "open", True),
        ("running", STOPPING, "stopping", False),
        ("success", STOPPING, "stopped", False),
        ("failure", STOPPING, "stop failed", True),
        ("killed", STOPPING, "stop failed", True),
    ],
)
def test_the_newest_deployment_says_how_a_preview_stands(
    status: str, params: dict[str, str], state: str, is_open: bool
) -> None:
    (preview,) = read_previews([deployed(7, status=status, params=params), deployed(8, "staging")], STOP)
    assert (preview.branch, preview.state, preview.is_open) == ("topic", state, is_open)


def test_a_preview_is_found_by_its_target_and_by_its_branch() -> None:
    stopped = deployed(9, "preview-topic-12345678", params=STOPPING)
    previews = read_previews([deployed(7), stopped], STOP)
    for name in ("topic", "preview-topic"):
        found = find_preview(previews, name)
        assert found is not None
        assert found.deployment.number == 7
    assert find_preview(previews, "other") is None


def test_a_commit_is_done_with_when_all_pull_requests_of_its_branch_are() -> None:
    builds = [pulled(1, "done"), pulled(2, "half"), pulled(3, "half"), pulled(4, "fork", "mallory/hello"), build(5)]
    assert find_closed("octo/hello", builds, [pulled(3, "half")]) == {("done", "commit-1")}
    of_a_fork = [pulled(9, "done", "mallory/hello")]
    every = {("done", "commit-1"), ("half", "commit-2"), ("half", "commit-3")}
    assert find_closed("octo/hello", builds, of_a_fork) == every


@pytest.mark.parametrize(
    ("builds", "previews", "wanted"),
    [
        ([build(9)], [], [9]),
        ([build(9, status="failure"), build(8)], [], []),
        ([build(9, status="running"), build(8)], [], []),
        ([build(9, branch="wip")], [], []),
        ([build(9, branch="closed")], [], []),
        ([build(10, branch="closed")], [], [10]),
        ([build(4)], [], []),
        ([build(9, event="custom"), build(8)], [], [8]),
        ([pulled(9, "topic")], [], []),
        ([build(9, ref="refs/tags/v1", event="tag")], [], []),
        ([build(9)], [deployed(10, after="commit-9")], []),
        ([build(9)], [deployed(10, after="commit-9", params=STOPPING)], []),
        ([build(9)], [deployed(10, after="commit-8")], [9]),
        ([build(9)], [deployed(10, after="commit-8", params=STOPPING)], [9]),
    ],
)
def test_the_newest_push_of_a_branch_gets_a_preview_if_it_is_green_and_not_there(
    builds: list[Build], previews: list[Build], wanted: list[int]
) -> None:
    globs = ("*", "!wip")
    found = find_wanted(builds, read_previews(previews, STOP), globs=globs, closed={("closed", "commit-9")}, since=5)
    assert [one.number for one in found] == wanted
