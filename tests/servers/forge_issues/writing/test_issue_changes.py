"""Opens and changes issues, comments, opens pull requests: each once, and only what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitea_simulator.git import Blob, Person
from support.issues_desk import PULL, SLUG, issues_desk, issues_desk_at

if TYPE_CHECKING:
    from pathlib import Path

    from support.issues_desk import IssuesDesk

ISSUE = 13


def push(desk: IssuesDesk, branch: str) -> None:
    """Push a branch that has one commit more than main."""
    git = desk.repo.git
    git.branches[branch] = git.branches["main"]
    git.commit(branch, "Change", {"a.txt": Blob(b"a\n")}, Person("dev", "d@example.com"), desk.drone.world.forge.now())


async def test_an_issue_is_opened_with_labels_by_name(desk: IssuesDesk) -> None:
    answer = await desk.ask(
        "drone_create_issue",
        title="It breaks",
        body="Since today",
        labels=["bug"],
        milestone="v2",
        assignees=["Octavia"],
    )
    issue = desk.repo.issues[answer.data["number"]]
    assert (issue.title, issue.body, issue.author.login) == ("It breaks", "Since today", "dev")
    assert [label.name for label in issue.labels] == ["bug"]
    assert (issue.milestone and issue.milestone.title, [user.login for user in issue.assignees]) == ("v2", ["octavia"])
    assert "not_applied" not in answer.data
    assert [line["event"] for line in desk.lines] == ["attempt", "outcome"]


@pytest.mark.parametrize("filed", [{"labels": ["bgu"]}, {"milestone": "v3"}, {"assignees": ["octavio"]}])
async def test_an_unknown_name_opens_nothing(desk: IssuesDesk, filed: dict[str, object]) -> None:
    answer = await desk.ask("drone_create_issue", title="It breaks", **filed)
    assert answer.code == "INVALID_INPUT"
    assert any(near in answer.data["next_step"] for near in ("bug", "v2", "octavia"))
    assert desk.writes == []


@pytest.mark.parametrize(
    ("title", "body"),
    [
        (" ", "b"),
        ("two\nlines", "b"),
        ("t" * 256, "b"),
        ("t", "b" * 65_537),
        ("t", "nul \0"),
        ("t", "<!-- drone-mcp:once x -->"),
    ],
)
async def test_a_text_that_the_forge_would_cut_or_we_would_trust_is_refused(
    desk: IssuesDesk, title: str, body: str
) -> None:
    answer = await desk.ask("drone_create_issue", title=title, body=body)
    assert answer.code == "INVALID_INPUT"
    assert desk.writes == []


async def test_a_key_opens_an_issue_once_from_every_replica(desk: IssuesDesk, tmp_path: Path) -> None:
    first = await desk.ask("drone_create_issue", title="It breaks", once="monday")
    again = await desk.ask("drone_create_issue", title="It breaks", once="monday")
    async with issues_desk_at(desk.drone, tmp_path, POD_NAME="another") as replica:
        elsewhere = await replica.ask("drone_create_issue", title="It breaks again", once="monday")
        other = await replica.ask("drone_create_issue", title="It breaks", once="tuesday")
    assert (first.data["outcome"], again.data["outcome"], elsewhere.data["outcome"]) == (
        "done",
        "repeated",
        "nothing_to_do",
    )
    assert {one.data["number"] for one in (first, again, elsewhere)} == {first.data["number"]}
    assert other.data["number"] > first.data["number"]


async def test_a_marker_of_someone_else_is_not_ours(desk: IssuesDesk, tmp_path: Path) -> None:
    first = await desk.ask("drone_create_issue", title="It breaks", once="monday")
    issue = desk.repo.issues[first.data["number"]]
    issue.author = desk.drone.world.forge.users["octavia"]
    async with issues_desk_at(desk.drone, tmp_path) as replica:
        again = await replica.ask("drone_create_issue", title="It breaks", once="monday")
    assert again.data["outcome"] == "done"


async def test_a_key_comments_once_from_every_replica(desk: IssuesDesk, tmp_path: Path) -> None:
    await desk.ask("drone_add_issue_comment", number=ISSUE, body="I looked", once="k")
    async with issues_desk_at(desk.drone, tmp_path) as replica:
        again = await replica.ask("drone_add_issue_comment", number=ISSUE, body="I looked", once="k")
    assert again.data["outcome"] == "nothing_to_do"
    assert [event.body.split("\n")[-1] for event in desk.repo.issues[ISSUE].comments] == ["I will look.", "I looked"]


async def test_a_comment_on_an_issue_that_is_not_there_is_not_sent(desk: IssuesDesk) -> None:
    answer = await desk.ask("drone_add_issue_comment", number=99, body="Hello")
    assert answer.code == "NOT_FOUND"
    assert desk.writes == []


async def test_a_rehearsal_sends_nothing_and_tells_whom_the_text_notifies(desk: IssuesDesk) -> None:
    body = "@octavia closes #14 and `@nobody`\n```\n@none #15\n```\n"
    answer = await desk.ask("drone_add_issue_comment", number=ISSUE, body=body, dry_run=True)
    assert answer.data["outcome"] == "dry_run"
    assert answer.data["notes"] == ["It notifies @octavia", "It refers to #14", "It may close or reopen #14"]
    assert desk.writes == []


async def test_only_what_is_given_is_changed(desk: IssuesDesk) -> None:
    before = desk.repo.issues[ISSUE].body
    answer = await desk.ask("drone_update_issue", number=ISSUE, title="Build fails on arm", labels=["ci"], assignees=[])
    issue = desk.repo.issues[ISSUE]
    assert (issue.title, issue.body, [label.name for label in issue.labels]) == ("Build fails on arm", before, ["ci"])
    assert issue.assignees == []
    assert "title, assignees, labels" in answer.data["message"]
    again = await desk.ask("drone_update_issue", number=ISSUE, title="Build fails on arm", labels=["ci"], once="other")
    assert again.data["outcome"] == "nothing_to_do"
    assert desk.writes == []


async def test_an_edit_of_an_older_version_is_a_conflict(desk: IssuesDesk) -> None:
    version = (await desk.ask("drone_get_issue", number=ISSUE)).data["version"]
    done = await desk.ask("drone_update_issue", number=ISSUE, body="New text", version=version)
    assert done.data["outcome"] == "done"
    answer = await desk.ask("drone_update_issue", number=ISSUE, state="closed", version=version)
    assert answer.code == "CONFLICT"
    assert desk.writes == []
    newer = await desk.ask("drone_update_issue", number=ISSUE, state="closed", version=done.data["version"])
    assert newer.data["outcome"] == "done"
    assert desk.repo.issues[ISSUE].closed


async def test_what_the_forge_dropped_is_reported(tmp_path: Path) -> None:
    async with issues_desk(tmp_path) as desk:
        desk.repo.access["dev"] = "read"
        answer = await desk.ask("drone_create_issue", title="It breaks", labels=["bug"])
    assert answer.data["outcome"] == "done"
    assert answer.data["not_applied"] == ["labels"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("drone_create_issue", {"title": "t"}),
        ("drone_update_issue", {"number": 1, "title": "t"}),
        ("drone_add_issue_comment", {"number": 1, "body": "b"}),
        ("drone_create_pull_request", {"head": "topic", "title": "t"}),
    ],
)
async def test_an_archived_repository_is_left_as_it_is(
    desk: IssuesDesk, tool: str, arguments: dict[str, object]
) -> None:
    answer = await desk.ask(tool, repo="octo/attic", **arguments)
    assert answer.code == "PERMISSION_DENIED"
    assert answer.data["details"]["reason"] == "archived"
    assert desk.writes == []


async def test_a_pull_request_is_opened_once_and_only_for_changes(desk: IssuesDesk) -> None:
    push(desk, "topic")
    first = await desk.ask("drone_create_pull_request", head="topic", title="A change", draft=True)
    assert first.data["outcome"] == "done"
    assert desk.repo.issues[first.data["number"]].is_draft
    second = await desk.ask("drone_create_pull_request", head="topic", title="Another title", once="k")
    assert (second.data["outcome"], second.data["number"]) == ("nothing_to_do", first.data["number"])
    desk.repo.git.branches["behind"] = desk.repo.git.branches["main"]
    third = await desk.ask("drone_create_pull_request", head="behind", title="Nothing")
    assert third.data["outcome"] == "nothing_to_do"
    assert desk.writes == []


async def test_a_renamed_repository_is_written_to_under_its_new_name(desk: IssuesDesk) -> None:
    answer = await desk.ask("drone_create_issue", repo="octo/oldname", title="Hello")
    assert answer.data["repo"] == "octo/newname"
    assert desk.writes == ["POST /forge/api/v1/repos/octo/newname/issues"]


async def test_a_new_name_that_the_role_may_not_change_is_not_written_to(tmp_path: Path) -> None:
    async with issues_desk(tmp_path, FORGE_MCP_ACTION_REPOS="octo/oldname octo/hello") as desk:
        answer = await desk.ask("drone_create_issue", repo="octo/oldname", title="Hello")
        assert answer.code == "PERMISSION_DENIED"
        assert desk.writes == []


async def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(desk: IssuesDesk) -> None:
    desk.drone.break_with("status", status=502, handled=True, route="POST /forge/*", count=1)
    answer = await desk.ask("drone_create_issue", title="It breaks", once="k")
    assert answer.data["outcome"] == "done"
    assert desk.repo.issues[answer.data["number"]].title == "It breaks"
    assert len(desk.writes) == 1


async def test_an_unknown_outcome_without_a_key_is_reported(desk: IssuesDesk) -> None:
    desk.drone.break_with("status", status=502, handled=True, route="POST /forge/*", count=1)
    answer = await desk.ask("drone_create_issue", title="It breaks")
    assert answer.code == "CONFLICT"
    assert "unknown" in answer.data["message"]


@pytest.mark.parametrize("status", [500, 423, 404, 403])
async def test_a_refusal_of_the_forge_is_an_error_and_on_record(desk: IssuesDesk, status: int) -> None:
    desk.drone.break_with("status", status=status, route="POST /forge/*", count=1)
    answer = await desk.ask("drone_add_issue_comment", number=ISSUE, body="Hello")
    assert answer.failed
    assert len(desk.writes) == 1
    assert [(line["event"], line["issue"]) for line in desk.lines][:2] == [("attempt", ISSUE), ("outcome", ISSUE)]


async def test_a_role_without_the_tool_cannot_use_its_operation(tmp_path: Path) -> None:
    async with issues_desk(tmp_path, FORGE_MCP_ACTION_OPERATIONS="report") as desk:
        answer = await desk.ask("drone_create_pull_request", head="topic", title="t")
    assert answer.code == "PERMISSION_DENIED"
    assert answer.data["message"] == "This role may not propose pull requests"


async def test_a_rehearsing_process_needs_no_write_token_and_sends_nothing(tmp_path: Path) -> None:
    async with issues_desk(tmp_path, FORGE_MCP_ACTIONS="dry-run", FORGE_WRITE_TOKEN="") as desk:
        answer = await desk.ask("drone_add_issue_comment", number=PULL, body="Hello")
        assert answer.data["outcome"] == "dry_run"
        assert "FORGE_MCP_ACTIONS" in answer.data["next_step"]
        assert desk.writes == []


async def test_an_edit_takes_a_person_by_default(tmp_path: Path) -> None:
    async with issues_desk(tmp_path, FORGE_MCP_ACTION_CONFIRM="medium") as desk:
        refused = await desk.ask("drone_update_issue", number=ISSUE, title="Other")
        allowed = await desk.ask("drone_add_issue_comment", number=ISSUE, body="Hello")
    assert refused.code == "NOT_CONFIRMED"
    assert allowed.data["outcome"] == "done"


@pytest.mark.parametrize("once", ["", " ", "k" * 101])
async def test_a_key_that_is_none_is_refused(desk: IssuesDesk, once: str) -> None:
    answer = await desk.ask("drone_create_issue", title="t", once=once)
    assert answer.code == "INVALID_INPUT"
    assert desk.repo.full_name == SLUG


async def test_lists_are_bounded(desk: IssuesDesk) -> None:
    answer = await desk.ask("drone_create_issue", title="t", labels=["bug"] * 21)
    assert answer.code == "INVALID_INPUT"
    assert desk.asked == []


async def test_a_key_holds_for_a_day_whatever_a_person_has_done_since(desk: IssuesDesk) -> None:
    forge, issue = desk.drone.world.forge, desk.repo.issues[ISSUE]
    await desk.ask("drone_update_issue", number=ISSUE, state="closed", once="k")
    forge.set_state(issue, forge.users["octavia"], "open")
    await desk.drone.advance(3_600)
    again = await desk.ask("drone_update_issue", number=ISSUE, state="closed", once="k")
    assert again.data["outcome"] == "repeated"
    assert (issue.state, desk.writes) == ("open", [])
    await desk.drone.advance(86_400)
    assert (await desk.ask("drone_update_issue", number=ISSUE, state="closed", once="k")).data["outcome"] == "done"


async def test_without_a_key_the_same_call_counts_as_one_for_a_minute_only(desk: IssuesDesk) -> None:
    outcomes = []
    for seconds in (0, 30, 61):
        await desk.drone.advance(seconds)
        answer = await desk.ask("drone_add_issue_comment", number=ISSUE, body="Hello")
        outcomes.append(answer.data["outcome"])
    assert outcomes == ["done", "repeated", "done"]
