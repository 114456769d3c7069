"""A build of a branch: what is sent, what a person sees of it, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest

from drone_mcp_build.guard import trigger_heartbeat
from support.actions_desk import ADDITIONS, Desk, Person
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

START = {"repo": "octo/hello", "branch": "main"}


def newest(desk: Desk, repo: str = "octo/hello") -> Any:
    return desk.drone.world.list_builds(desk.drone.world.repos[repo])[0]


async def test_a_branch_is_built_and_the_answer_has_a_cursor_to_wait_from(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_start_build", **START)
        assert desk.writes == ["POST /api/repos/octo/hello/builds"]
        made = newest(desk)
    assert (made.event, made.ref, made.params) == ("custom", "refs/heads/main", {})
    assert (answer.data["outcome"], answer.data["number"]) == ("done", made.number)
    assert (answer.data["status"], answer.data["commit"]) == ("pending", made.after)
    assert answer.data["cursor"].endswith(".p")


async def test_without_a_branch_the_default_branch_is_built(at: Any) -> None:
    async with at() as desk:
        await desk.call("drone_start_build", repo="octo/hello")
        assert newest(desk).ref == "refs/heads/main"


async def test_a_rehearsal_shows_what_would_be_sent_and_hides_what_may_be_a_secret(at: Any) -> None:
    params = {"DEPLOY_ENV": "staging", "API_TOKEN": "hunter2"}
    async with at(**ADDITIONS) as desk:
        answer = await desk.call("drone_start_build", **START, params=params, dry_run=True)
        assert desk.writes == []
    assert answer.data["requests"] == ["POST /api/repos/octo/hello/builds with branch, API_TOKEN, DEPLOY_ENV"]
    assert "It sets DEPLOY_ENV = staging" in answer.data["notes"]
    assert "hunter2" not in answer.text


async def test_the_question_names_branch_and_parameters(at: Any) -> None:
    person = Person()
    async with at(person=person, **ADDITIONS, DRONE_MCP_ACTION_CONFIRM="medium") as desk:
        await desk.call("drone_start_build", **START, params={"DEPLOY_ENV": "staging"})
        assert newest(desk).params == {"DEPLOY_ENV": "staging"}
    (question,) = person.asked
    assert question.startswith("Start a build of the newest commit of branch 'main' in octo/hello?")
    assert "It sets DEPLOY_ENV = staging" in question


async def test_a_chosen_commit_takes_a_person_because_drone_does_not_check_its_branch(at: Any) -> None:
    person = Person()
    async with at(person=person, DRONE_MCP_ACTION_CONFIRM="medium") as desk:
        commit = newest(desk).after
        await desk.call("drone_start_build", **START, commit=commit)
        assert newest(desk).after == commit
    (question,) = person.asked
    assert "does not check that the commit belongs to that branch" in question


@pytest.mark.parametrize(
    ("given", "environment", "rule"),
    [
        ({"branch": "release/1"}, {"DRONE_MCP_ACTION_BRANCHES": "main"}, "branches"),
        ({"params": {"MODE": "fast"}}, {}, "params"),
        ({"repo": "octo/guarded"}, {}, "unapproved"),
        ({"repo": "acme/web"}, {}, "repos"),
        ({}, {"DRONE_MCP_ACTION_OPERATIONS": "restart stop"}, "operations"),
    ],
)
async def test_what_a_role_does_not_allow_is_not_started(
    at: Any, given: dict[str, Any], environment: dict[str, str], rule: str
) -> None:
    async with at(**environment) as desk:
        answer = await desk.call("drone_start_build", **(START | given))
        assert desk.writes == []
    assert (answer.code, answer.data["details"]["rule"]) == ("PERMISSION_DENIED", rule)


@pytest.mark.parametrize("branch", ["refs/tags/v1", "refs/pull/7/head"])
async def test_another_ref_does_not_pass_for_a_branch(at: Any, branch: str) -> None:
    async with at() as desk:
        answer = await desk.call("drone_start_build", repo="octo/hello", branch=branch)
        assert desk.writes == []
    assert answer.code == "INVALID_INPUT"


async def test_a_branch_that_no_pipeline_matches_starts_nothing_and_the_answer_says_so(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_start_build", repo="octo/hello", branch="none")
    assert answer.data["outcome"] == "nothing_started"
    assert "number" not in answer.data


async def test_a_wrong_pipeline_file_is_named_as_the_reason(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_start_build", repo="octo/hello", branch="broken")
    assert (answer.data["outcome"], answer.data["status"]) == ("done", "error")
    assert "did not find expected key" in answer.data["message"]


async def test_a_missing_pipeline_file_is_reported_while_drone_still_looks_for_it(
    at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trigger_heartbeat, "REPORT_SECONDS", 0.01)
    reported, texts = anyio.Event(), []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG001 - the SDK's signature
        texts.append(message)
        reported.set()

    async with at() as desk, anyio.create_task_group() as group:
        results: list[Any] = []

        async def start() -> None:
            arguments = {"repo": "octo/hello", "branch": "bare"}
            results.append(await desk.client.call_tool("drone_start_build", arguments, progress_callback=on_progress))

        group.start_soon(start)
        await reported.wait()
        assert not results  # Drone has not answered
        with anyio.fail_after(PATIENCE):
            while not results:
                await desk.drone.advance(15)
                await anyio.lowlevel.checkpoint()
    assert "pipeline file" in str(texts[0])
    assert "no pipeline file (.drone.yml) at that commit" in results[0].content[0].text


@pytest.mark.parametrize(("trouble", "happened"), [({"status": 503, "handled": True}, True), ({"status": 503}, False)])
async def test_a_lost_answer_is_looked_for_and_nothing_is_sent_twice(
    at: Any, trouble: dict[str, Any], happened: bool
) -> None:
    async with at() as desk:
        desk.drone.break_with("status", **trouble, route="POST /api/repos/*")
        answer = await desk.call("drone_start_build", **START)
        again = await desk.call("drone_start_build", **START)
        assert len(desk.writes) == 1
        number = newest(desk).number
    if happened:
        assert (answer.data["outcome"], answer.data["number"], again.data["outcome"]) == ("done", number, "repeated")
    else:
        assert (answer.code, again.code) == ("CONFLICT", "CONFLICT")


async def test_a_restart_of_a_deployment_to_production_asks_a_person(restarted: Callable[..., Any]) -> None:
    person = await restarted("production")
    assert len(person.asked) == 1
    assert (await restarted("staging")).asked == []


@pytest.fixture
def restarted(at: Any) -> Callable[..., Any]:
    async def restart(target: str) -> Person:
        person = Person()
        async with at(person=person, DRONE_MCP_ACTION_TARGETS="*") as desk:
            build = desk.build("octo/hello", 1)
            build.event, build.deploy_to = "promote", target
            answer = await desk.call("drone_restart_build", repo="octo/hello", number=1)
            assert answer.data["outcome"] == "done"
        return person

    return restart
