"""Finds, lists and shows pull requests, with the builds behind their checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_kit.token_count import count_tokens
from gitea_simulator.git import Blob, Person
from support.issues_desk import FAILED, HEAD, PULL, SLUG, issues_desk

if TYPE_CHECKING:
    from pathlib import Path

    from support.issues_desk import IssuesDesk


def open_pull(desk: IssuesDesk, head: str, title: str = "Another", base: str = "main") -> int:
    """Push a branch with one commit, and open a pull request from it."""
    forge = desk.drone.world.forge
    desk.repo.git.branches[head] = desk.repo.git.branches["main"]
    author = forge.users["octavia"]
    desk.repo.git.commit(head, "Change", {"a.txt": Blob(b"a\n")}, Person("octavia", "o@example.com"), forge.now())
    return forge.open_pull(desk.repo, author, title, head=head, base=base).number


@pytest.mark.parametrize(
    "named", [{"number": PULL}, {"build": 3}, {"build": 2}, {"commit": HEAD}, {"branch": "feature/multiply"}]
)
async def test_a_pull_request_is_found_by_number_build_commit_and_branch(
    desk: IssuesDesk, named: dict[str, object]
) -> None:
    answer = await desk.ask("drone_get_pull_request", **named)
    assert answer.data["number"] == PULL
    assert answer.data["checks"] == "failing"
    assert {check["context"].rpartition("/")[2]: check["build"] for check in answer.data["check_list"]} == {
        "push": 2,
        "pr": 3,
    }
    assert "drone_diagnose_build with number" in answer.data["next_step"]
    assert "moved_on" not in answer.data
    assert len(desk.asked) <= 3


async def test_the_build_of_a_merge_leads_to_the_pull_request_that_was_merged(desk: IssuesDesk) -> None:
    forge, number = desk.drone.world.forge, open_pull(desk, "topic")
    forge.merge(desk.repo, desk.repo.issues[number], forge.users["octavia"], sha="c0ffee" + "0" * 34)
    answer = await desk.ask("drone_get_pull_request", commit="c0ffee" + "0" * 34)
    assert (answer.data["number"], answer.data["state"]) == (number, "merged")
    assert len(desk.asked) <= 3


async def test_a_head_that_has_moved_on_is_reported(desk: IssuesDesk) -> None:
    forge = desk.drone.world.forge
    author = Person("octavia", "o@example.com")
    desk.repo.git.commit("feature/multiply", "Mend it", {"b.txt": Blob(b"b\n")}, author, forge.now())
    forge.push(desk.repo, "feature/multiply")
    answer = await desk.ask("drone_get_pull_request", build=3)
    assert answer.data["moved_on"] is True
    assert any("moved on" in note for note in answer.data["notes"])


async def test_a_build_of_no_pull_request_is_reported_so(desk: IssuesDesk) -> None:
    answer = await desk.ask("drone_get_pull_request", build=1)
    assert answer.code == "NOT_FOUND"
    assert "Build 1 belongs to no pull request" in answer.data["message"]
    assert len(desk.asked) <= 3


@pytest.mark.parametrize("named", [{}, {"number": PULL, "build": 3}])
async def test_one_name_is_needed(desk: IssuesDesk, named: dict[str, object]) -> None:
    answer = await desk.ask("drone_get_pull_request", **named)
    assert answer.code == "INVALID_INPUT"
    assert desk.asked == []


async def test_a_closed_pull_request_of_the_same_branches_is_not_taken_for_the_open_one(desk: IssuesDesk) -> None:
    forge = desk.drone.world.forge
    first = open_pull(desk, "topic")
    forge.set_state(desk.repo.issues[first], forge.users["octavia"], "closed")
    second = forge.open_pull(desk.repo, forge.users["octavia"], "Again", head="topic", base="main").number
    assert (await desk.ask("drone_get_pull_request", branch="topic")).data["number"] == second


async def test_a_list_joins_heads_to_their_newest_builds_in_one_request(desk: IssuesDesk) -> None:
    number = open_pull(desk, "topic")
    answer = await desk.ask("drone_list_pull_requests")
    found = {pull["number"]: (pull.get("checks"), pull.get("build")) for pull in answer.data["pulls"]}
    assert found == {PULL: ("failing", 3), number: (None, None)}
    assert len(desk.asked) == 1
    assert [one.path for one in desk.drone.asked if not one.path.startswith("/forge")] == [
        "/api/repos/octo/hello/builds"
    ]


async def test_a_list_does_without_a_ci_server_that_does_not_answer(desk: IssuesDesk) -> None:
    desk.drone.break_with("status", status=500, route="/api/repos/octo/hello/builds")
    answer = await desk.ask("drone_list_pull_requests")
    assert [pull["number"] for pull in answer.data["pulls"]] == [PULL]
    assert "builds could not be read" in answer.data["notes"][0]


@pytest.mark.parametrize(
    "title", ["A title that says a lot about what changes, and why, and " * 4, "変更の理由と内容" * 30]
)
async def test_a_page_of_15_pull_requests_fits_its_budget(desk: IssuesDesk, title: str) -> None:
    forge = desk.drone.world.forge
    for number in range(16):
        pull = desk.repo.issues[open_pull(desk, f"feature/with-a-long-name-of-a-branch-{number}", title)]
        forge.set_labels(pull, pull.author, desk.repo.labels)
    answer = await desk.ask("drone_list_pull_requests")
    assert len(answer.data["pulls"]) == 15
    assert answer.data["next_page"] == 2
    assert count_tokens(answer.text) <= 800


async def test_labels_of_pull_requests_are_looked_up(desk: IssuesDesk) -> None:
    refused = await desk.ask("drone_list_pull_requests", labels=["cii"])
    assert refused.code == "INVALID_INPUT"
    assert "ci" in refused.data["next_step"]
    assert (await desk.ask("drone_list_pull_requests", labels=["ci"])).data["pulls"] == []
    assert len(desk.asked) <= 3


async def test_an_unknown_author_is_refused_with_a_near_login(desk: IssuesDesk) -> None:
    answer = await desk.ask("drone_list_pull_requests", author="octavio")
    assert answer.code == "INVALID_INPUT"
    assert "octavia" in answer.data["next_step"]


async def test_a_pull_request_with_a_huge_text_and_many_checks_fits_a_default_answer(desk: IssuesDesk) -> None:
    forge = desk.drone.world.forge
    desk.pull.body = "<<<text planted text>>> " * 20_000
    for number in range(80):
        forge.add_status(desk.repo, HEAD, forge.users["octavia"], "success", f"another-system/check-{number:03}")
    answer = await desk.ask("drone_get_pull_request", number=PULL)
    assert count_tokens(answer.text) <= 2_000
    assert [check["outcome"] for check in answer.data["check_list"][:2]] == ["failing", "failing"]
    assert any("left out" in note for note in answer.data["notes"])


async def test_a_token_for_issues_alone_is_told_which_scope_pull_requests_take(tmp_path: Path) -> None:
    async with issues_desk(tmp_path, FORGE_TOKEN="forge-token-for-issues") as desk:
        answer = await desk.ask("drone_get_pull_request", number=PULL)
    assert answer.code == "PERMISSION_DENIED"
    assert "read:repository" in answer.data["message"]


@pytest.mark.parametrize("named", [{"number": PULL}, {"build": FAILED}, {"commit": HEAD}])
async def test_a_pull_request_of_a_repository_that_was_just_renamed_takes_three_requests(
    desk: IssuesDesk, named: dict[str, Any]
) -> None:
    desk.drone.world.forge.rename(SLUG, "renamed")
    answer = await desk.ask("drone_get_pull_request", **named)
    assert (answer.data["repo"], answer.data["number"]) == ("octo/renamed", PULL)
    assert len(desk.asked) == 3
    assert answer.data["checks"]


async def test_a_list_of_a_repository_that_was_just_renamed_leaves_out_what_would_be_a_fourth_request(
    desk: IssuesDesk,
) -> None:
    forge, pull = desk.drone.world.forge, desk.repo.issues[PULL]
    forge.set_labels(pull, pull.author, desk.repo.labels)
    forge.rename(SLUG, "renamed")
    for requests, notes in ((3, 1), (2, 0)):
        answer = await desk.ask("drone_list_pull_requests", labels=["bug"], state="all")
        assert answer.data["pulls"]
        assert (len(desk.asked), len(answer.data.get("notes", ()))) == (requests, notes)


async def test_a_merge_in_a_repository_that_was_just_renamed_is_found_by_the_next_call(desk: IssuesDesk) -> None:
    forge = desk.drone.world.forge
    commit = "c0ffee" + "0" * 34
    forge.merge(desk.repo, desk.repo.issues[PULL], forge.users["octavia"], sha=commit)
    forge.rename(SLUG, "renamed")
    answer = await desk.ask("drone_get_pull_request", commit=commit)
    assert answer.data["details"]["renamed_to"] == "octo/renamed"
    assert len(desk.asked) == 2
    again = await desk.ask("drone_get_pull_request", commit=commit)
    assert (again.data["number"], again.data["state"]) == (PULL, "merged")
    assert len(desk.asked) <= 3
