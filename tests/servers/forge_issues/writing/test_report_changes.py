"""The report of a build, one comment whatever happens, and the issue about a flaky step, which stays closed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gitea_simulator.git import Blob, Person
from support.issues_desk import FAILED, PULL, issues_desk, issues_desk_at

if TYPE_CHECKING:
    from pathlib import Path

    from support.issues_desk import IssuesDesk

SECRET = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"


def log_of(desk: IssuesDesk, text: str) -> None:
    """Let the failed step of the reported build have printed something else."""
    world = desk.drone.world
    build = world.find_build(world.repos["octo/hello"], FAILED)
    (step,) = [step for stage in build.stages for step in stage.steps if step.status == "failure"]
    lines = [{"pos": at, "out": f"{line}\n", "time": at} for at, line in enumerate(text.split("\n"))]
    world.logs[step.id] = json.dumps(lines).encode()


async def test_the_diagnosis_is_one_comment_however_often_it_is_posted(desk: IssuesDesk, tmp_path: Path) -> None:
    first = await desk.ask("drone_report_build", build=FAILED)
    again = await desk.ask("drone_report_build", build=FAILED)
    async with issues_desk_at(desk.drone, tmp_path) as replica:
        elsewhere = await replica.ask("drone_report_build", build=FAILED)
    assert (first.data["outcome"], again.data["outcome"], elsewhere.data["outcome"]) == (
        "done",
        "repeated",
        "nothing_to_do",
    )
    (comment,) = desk.comments
    assert comment.user.login == "dev"
    assert "FAILED tests/test_main.py::test_mul - assert 5 == 6" in comment.body
    assert f"[Build {FAILED}]({desk.drone.url}/octo/hello/{FAILED}) failed" in comment.body
    assert elsewhere.data["comment"] == comment.id


async def test_a_newer_build_is_on_top_of_the_same_comment(desk: IssuesDesk, tmp_path: Path) -> None:
    await desk.ask("drone_report_build", build=2)
    await desk.ask("drone_report_build", build=3)
    (comment,) = desk.comments
    assert comment.body.startswith("<!-- drone-mcp:report 3:0abbfeb5bd:test 2:0abbfeb5bd:test -->")
    assert comment.body.index("Build 3") < comment.body.index("Earlier here: build 2 (test, `0abbfeb5bd`).")
    async with issues_desk_at(desk.drone, tmp_path) as replica:
        older = await replica.ask("drone_report_build", build=2)
    assert older.data["outcome"] == "nothing_to_do"
    assert "newer" in older.data["message"]


async def test_a_head_that_has_moved_on_gets_no_report(desk: IssuesDesk) -> None:
    forge = desk.drone.world.forge
    desk.repo.git.commit("feature/multiply", "Mend", {"b": Blob(b"b")}, Person("o", "o@example.com"), forge.now())
    forge.push(desk.repo, "feature/multiply")
    answer = await desk.ask("drone_report_build", build=FAILED)
    assert answer.data["outcome"] == "nothing_to_do"
    assert "moved on" in answer.data["message"]
    assert desk.writes == []


async def test_a_closed_pull_request_gets_no_report(desk: IssuesDesk) -> None:
    forge = desk.drone.world.forge
    forge.set_state(desk.pull, forge.users["octavia"], "closed")
    answer = await desk.ask("drone_report_build", build=FAILED)
    assert answer.data["outcome"] == "nothing_to_do"
    assert desk.writes == []


async def test_a_build_of_no_pull_request_is_not_reported_anywhere(desk: IssuesDesk) -> None:
    assert (await desk.ask("drone_report_build", build=1)).code == "NOT_FOUND"
    assert desk.writes == []


async def test_a_comment_of_someone_else_with_our_marker_is_left_alone(desk: IssuesDesk) -> None:
    forge = desk.drone.world.forge
    planted = forge.comment(desk.pull, forge.users["octavia"], "<!-- drone-mcp:report 99:0abbfeb5bd:test -->\n\nMine")
    answer = await desk.ask("drone_report_build", build=FAILED)
    assert answer.data["outcome"] == "done"
    assert planted.body.endswith("Mine")
    assert len(desk.comments) == 2


async def test_what_a_log_says_is_fenced_and_redacted(desk: IssuesDesk) -> None:
    evil = [
        "````",
        "`````",
        "@octavia please merge, closes #14",
        "<!-- drone-mcp:report 99:0abbfeb5bd:test -->",
        f"export GITHUB_TOKEN={SECRET}",
        "AssertionError: 1 != 2",
    ]
    log_of(desk, "\n".join(evil))
    await desk.ask("drone_report_build", build=FAILED)
    (comment,) = desk.comments
    head, opening, inner, closing = split_fence(comment.body)
    assert "@octavia" not in head
    assert "AssertionError" in inner
    assert len(opening) > 5
    assert opening == closing
    assert SECRET not in comment.body
    again = await desk.ask("drone_report_build", build=FAILED, once="again")
    assert again.data["outcome"] == "nothing_to_do"


def split_fence(body: str) -> tuple[str, str, str, str]:
    """Return what is before the first fence, the fence, what is inside by CommonMark's rule, and the end of it."""
    lines = body.split("\n")
    start = next(index for index, line in enumerate(lines) if line.startswith("```"))
    fence = lines[start]
    end = next(
        index
        for index, line in enumerate(lines[start + 1 :], start + 1)
        if line.strip() and not line.strip().strip("`") and len(line.strip()) >= len(fence)
    )
    assert all("@octavia" not in line for line in lines[end + 1 :])
    return "\n".join(lines[:start]), fence, "\n".join(lines[start + 1 : end]), lines[end]


async def test_a_rehearsal_shows_the_text_and_sends_nothing(tmp_path: Path) -> None:
    async with issues_desk(tmp_path, FORGE_MCP_ACTIONS="dry-run") as desk:
        answer = await desk.ask("drone_report_build", build=FAILED)
        assert "test_mul" in answer.data["text"]
        assert desk.writes == []
        assert desk.comments == []


async def test_a_report_that_lost_its_answer_is_found(desk: IssuesDesk) -> None:
    desk.drone.break_with("status", status=502, handled=True, route="POST /forge/*", count=1)
    answer = await desk.ask("drone_report_build", build=FAILED)
    assert answer.data["outcome"] == "done"
    assert len(desk.comments) == 1
    assert len(desk.writes) == 1


async def test_our_report_is_found_behind_many_comments(desk: IssuesDesk, tmp_path: Path) -> None:
    forge = desk.drone.world.forge
    await desk.ask("drone_report_build", build=2)
    for number in range(70):
        forge.comment(desk.pull, forge.users["octavia"], f"comment {number}")
    async with issues_desk_at(desk.drone, tmp_path) as replica:
        answer = await replica.ask("drone_report_build", build=3)
    assert answer.data["message"].startswith("Done: edit the report")
    assert len(desk.comments) == 71


async def test_a_flaky_step_has_one_issue_that_a_second_agent_finds(desk: IssuesDesk, tmp_path: Path) -> None:
    first = await desk.ask("drone_report_flaky_step", step="soak")
    issue = desk.repo.issues[first.data["number"]]
    assert issue.title == "Flaky step: nightly/soak"
    assert "failed in 1 of 2 runs (50 %)" in issue.body
    async with issues_desk_at(desk.drone, tmp_path, AGENT_ROLE="admin", SESSION_ID="2") as second:
        again = await second.ask("drone_report_flaky_step", step="nightly/soak")
    assert (again.data["outcome"], again.data["number"]) == ("nothing_to_do", first.data["number"])


async def test_an_issue_that_a_person_has_closed_stays_closed(desk: IssuesDesk, tmp_path: Path) -> None:
    forge = desk.drone.world.forge
    number = (await desk.ask("drone_report_flaky_step", step="soak")).data["number"]
    forge.set_state(desk.repo.issues[number], forge.users["octavia"], "closed")
    async with issues_desk_at(desk.drone, tmp_path, SESSION_ID="2") as second:
        again = await second.ask("drone_report_flaky_step", step="soak")
        assert (again.data["outcome"], again.data["number"]) == ("nothing_to_do", number)
        assert "stays closed" in again.data["message"]
        assert second.writes == []
    assert desk.repo.issues[number].state == "closed"


async def test_an_issue_about_a_flaky_step_is_found_among_many_of_ours(desk: IssuesDesk, tmp_path: Path) -> None:
    forge = desk.drone.world.forge
    number = (await desk.ask("drone_report_flaky_step", step="soak")).data["number"]
    for other in range(60):
        forge.create_issue(desk.repo, forge.users["dev"], f"other {other}")
    await desk.drone.advance(2)
    async with issues_desk_at(desk.drone, tmp_path, SESSION_ID="2") as second:
        again = await second.ask("drone_report_flaky_step", step="soak")
    assert again.data["number"] == number


@pytest.mark.parametrize("step", ["test", "sock", "default/soak", "#14", "@octavia"])
async def test_a_step_that_is_not_flaky_gets_no_issue(desk: IssuesDesk, step: str) -> None:
    answer = await desk.ask("drone_report_flaky_step", step=step)
    assert answer.code == "INVALID_INPUT"
    assert "soak" in answer.data["next_step"]
    assert desk.writes == []
    assert PULL in desk.repo.issues
