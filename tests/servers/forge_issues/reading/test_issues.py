"""Lists and shows issues: what is asked for is what is filtered by, whatever the forge would make of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ci_mcp_kit.token_count import count_tokens
from forge_issues.quoting import find_builds, quote_text
from support.issues_desk import issues_desk

if TYPE_CHECKING:
    from pathlib import Path

    from support.issues_desk import IssuesDesk

LONG = "A title as long as people write them when they paste the error message into it, and then some more: "


def fill(desk: IssuesDesk, count: int, title: str = LONG) -> None:
    """Open many issues, each with labels, and with texts that are far larger than an answer."""
    forge = desk.drone.world.forge
    for number in range(count):
        author = forge.users["octavia"]
        issue = forge.create_issue(desk.repo, author, f"{title}{number}", "text " * 20_000)
        forge.set_labels(issue, author, desk.repo.labels)


async def test_pull_requests_are_not_among_issues(desk: IssuesDesk) -> None:
    answer = await desk.ask("drone_list_issues", state="all")
    assert [issue["number"] for issue in answer.data["issues"]] == [15, 14, 13]
    assert [issue["state"] for issue in answer.data["issues"]] == ["closed", "open", "open"]


@pytest.mark.parametrize(
    ("wanted", "near"),
    [
        ({"labels": ["bgu"]}, "bug"),
        ({"labels": ["BUG"]}, "bug"),
        ({"milestone": "v3"}, "v2"),
        ({"author": "octavio"}, "octavia"),
        ({"assignee": "devv"}, "dev"),
    ],
)
async def test_an_unknown_name_is_refused_with_a_near_one(
    desk: IssuesDesk, wanted: dict[str, object], near: str
) -> None:
    answer = await desk.ask("drone_list_issues", **wanted)
    assert answer.code == "INVALID_INPUT"
    assert near in answer.data["next_step"]


async def test_several_labels_mean_all_of_them(desk: IssuesDesk) -> None:
    both = await desk.ask("drone_list_issues", labels=["bug", "ci"])
    more = await desk.ask("drone_list_issues", labels=["bug", "flaky-test"])
    assert [issue["number"] for issue in both.data["issues"]] == [13]
    assert more.data["issues"] == []
    assert more.data["next_step"]


async def test_a_page_of_20_issues_fits_its_budget_and_names_the_next(desk: IssuesDesk) -> None:
    fill(desk, 45)
    answer = await desk.ask("drone_list_issues")
    assert len(answer.data["issues"]) == 20
    assert (answer.data["total"], answer.data["next_page"]) == (47, 2)
    assert count_tokens(answer.text) <= 1_000
    last = await desk.ask("drone_list_issues", page=3)
    assert len(last.data["issues"]) == 7
    assert "next_page" not in last.data


async def test_a_page_of_titles_in_another_script_fits_its_budget(desk: IssuesDesk) -> None:
    fill(desk, 20, "構築が失敗する原因はまだ分かっていません" * 10)
    answer = await desk.ask("drone_list_issues")
    assert len(answer.data["issues"]) == 20
    assert count_tokens(answer.text) <= 1_000


@pytest.mark.parametrize(
    ("wanted", "requests"),
    [({}, 1), ({"labels": ["bug"]}, 2), ({"labels": ["bug"], "milestone": "v2", "author": "octavia", "text": "x"}, 3)],
)
async def test_a_list_costs_at_most_three_requests(desk: IssuesDesk, wanted: dict[str, object], requests: int) -> None:
    assert not (await desk.ask("drone_list_issues", **wanted)).failed
    assert len(desk.asked) == requests


async def test_an_issue_shows_texts_between_marks_and_the_builds_that_they_name(desk: IssuesDesk) -> None:
    forge, issue = desk.drone.world.forge, desk.repo.issues[13]
    forge.comment(issue, forge.users["octavia"], f"See {desk.drone.url}/octo/hello/2 and /octo/hello/9.")
    issue.blockers.append(desk.repo.issues[14])
    answer = await desk.ask("drone_get_issue", number=13)
    nonce = re.match(r"<<<text (\w+)\n", answer.data["body"])
    assert nonce
    assert answer.data["body"] == f"<<<text {nonce[1]}\nSee build 1 and #12.\n{nonce[1]} text>>>"
    assert [comment["author"] for comment in answer.data["comments"]] == ["dev", "octavia"]
    assert all(comment["text"].endswith(f"{nonce[1]} text>>>") for comment in answer.data["comments"])
    assert answer.data["builds"] == ["octo/hello#2"]
    assert answer.data["blocked_by"] == ["#14 Divide, too"]
    assert len(desk.asked) == 3


async def test_a_pull_request_read_as_an_issue_names_the_tool_for_it(desk: IssuesDesk) -> None:
    answer = await desk.ask("drone_get_issue", number=12)
    assert answer.data["next_step"] == "It is a pull request: drone_get_pull_request with number 12"


async def test_an_issue_with_200_comments_costs_no_more_than_its_last_page(desk: IssuesDesk) -> None:
    forge, issue = desk.drone.world.forge, desk.repo.issues[13]
    for number in range(200):
        forge.comment(issue, forge.users["octavia"], f"comment {number} {'long ' * 200}")
    answer = await desk.ask("drone_get_issue", number=13, comments=20)
    texts = [comment["text"] for comment in answer.data["comments"]]
    assert [int(re.findall(r"comment (\d+)", text)[0]) for text in texts] == list(range(180, 200))
    assert answer.data["total_comments"] == 201
    assert count_tokens(answer.text) <= 2_000
    assert len(desk.asked) <= 3
    assert not any(asked.endswith("/comments") for asked in desk.asked[:2])
    assert answer.data["notes"]  # what blocks it would be a fourth request


async def test_an_issue_with_a_huge_text_fits_a_default_answer(desk: IssuesDesk) -> None:
    issue = desk.repo.issues[13]
    issue.body = "失敗" * 150_000
    answer = await desk.ask("drone_get_issue", number=13)
    assert count_tokens(answer.text) <= 2_000
    assert "300000 characters in all" in answer.data["body"]


async def test_a_version_changes_with_an_edit_and_not_with_a_comment(desk: IssuesDesk) -> None:
    forge, issue = desk.drone.world.forge, desk.repo.issues[13]
    before = (await desk.ask("drone_get_issue", number=13)).data["version"]
    forge.comment(issue, forge.users["octavia"], "a comment")
    assert (await desk.ask("drone_get_issue", number=13)).data["version"] == before
    forge.set_title(issue, forge.users["octavia"], "another title")
    assert (await desk.ask("drone_get_issue", number=13)).data["version"] != before


async def test_what_is_not_there_is_not_found(desk: IssuesDesk) -> None:
    assert (await desk.ask("drone_get_issue", number=99)).code == "NOT_FOUND"
    assert (await desk.ask("drone_get_issue", number=1, repo="octo/nowhere")).code == "NOT_FOUND"


async def test_a_readers_token_is_told_which_scope_it_lacks(tmp_path: Path) -> None:
    async with issues_desk(tmp_path, FORGE_TOKEN="forge-token-for-code") as desk:
        answer = await desk.ask("drone_list_issues")
    assert answer.code == "PERMISSION_DENIED"
    assert "read:issue" in answer.data["message"]
    assert "FORGE_TOKEN" in answer.data["next_step"]


async def test_a_repository_outside_the_scope_is_not_asked_for(tmp_path: Path) -> None:
    async with issues_desk(tmp_path, DRONE_MCP_REPOS="octo/attic") as desk:
        answer = await desk.ask("drone_list_issues")
        assert answer.code == "PERMISSION_DENIED"
        assert desk.asked == []


async def test_a_renamed_repository_is_read_under_its_new_name(desk: IssuesDesk) -> None:
    for requests in (2, 1):
        answer = await desk.ask("drone_list_issues", repo="octo/oldname")
        assert (answer.data["repo"], len(desk.asked)) == ("octo/newname", requests)


async def test_a_question_about_a_repository_that_was_just_renamed_takes_three_requests_too(desk: IssuesDesk) -> None:
    forge = desk.drone.world.forge
    repo = forge.repos["octo/newname"]
    number = forge.create_issue(repo, forge.users["octavia"], "It hangs", "Since Monday").number
    forge.comment(repo.issues[number], forge.users["octavia"], "Still")
    for requests, notes in ((3, 1), (3, 0)):
        answer = await desk.ask("drone_get_issue", repo="octo/oldname", number=number)
        assert (len(desk.asked), len(answer.data.get("notes", ()))) == (requests, notes)
        assert answer.data["comments"]


async def test_a_list_that_would_take_a_fourth_request_asks_for_the_new_name(desk: IssuesDesk) -> None:
    filters = {"labels": ["bug"], "milestone": "v2"}
    answer = await desk.ask("drone_list_issues", repo="octo/oldname", **filters)
    assert (answer.code, answer.data["details"]["renamed_to"]) == ("INVALID_INPUT", "octo/newname")
    assert len(desk.asked) == 1


@given(st.text(max_size=40).map(lambda text: text.replace("\0", "")))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_any_name_of_a_label_is_answered_and_never_taken_for_no_filter(desk: IssuesDesk, name: str) -> None:
    answer = await desk.ask("drone_list_issues", labels=[name])
    assert answer.failed == (name not in {"bug", "ci", "flaky-test"})


@given(st.text(max_size=300), st.integers(1, 200))
def test_no_text_ends_its_own_frame(text: str, longest: int) -> None:
    quoted = quote_text(text, "0123abcd", longest)
    assert quoted == "" or quoted.count("0123abcd") == 2
    assert quoted == "" or (quoted.startswith("<<<text 0123abcd\n") and quoted.endswith("\n0123abcd text>>>"))


@given(st.text(max_size=80))
def test_only_pages_below_the_address_of_the_ci_server_are_builds(text: str) -> None:
    assert find_builds([text], "https://drone.test") == ()
    named = find_builds([f"{text} https://drone.test/octo/hello/12 {text}"], "https://drone.test/")
    assert named == ("octo/hello#12",)
