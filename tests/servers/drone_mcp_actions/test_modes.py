"""Off, dry-run and on; which repositories; and what is on record of all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_mcp_kit.guard.audit_chain import verify
from support.actions_desk import ADDITIONS, TOOLS, Person
from support.actions_leaving import asked
from support.made_builds import made_build, made_stage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("dry_run", [True, False])
async def test_off_is_the_default_and_refuses_everything(at: Any, tool: str, dry_run: bool) -> None:
    async with at(DRONE_MCP_ACTIONS="") as desk:
        answer = await desk.call(tool, repo="octo/hello", number=1, dry_run=dry_run)
        assert desk.drone.asked == []
        assert [(line["event"], line["rule"]) for line in desk.lines] == [("refused", "mode")]
    assert answer.code == "WRITES_DISABLED"
    assert "DRONE_MCP_ACTIONS" in answer.data["next_step"]


@pytest.mark.parametrize("asked_for", [True, False])
async def test_a_rehearsal_tells_what_would_be_sent_and_sends_nothing(at: Any, asked_for: bool) -> None:
    mode = "on" if asked_for else "dry-run"
    async with at(DRONE_MCP_ACTIONS=mode, person=Person()) as desk:
        answer = await desk.call("drone_stop_build", repo="octo/hello", number=2, dry_run=asked_for)
        assert (desk.writes, desk.events) == ([], ["dry-run"])
        assert desk.lines[0]["sends"] == ["DELETE /api/repos/octo/hello/builds/2"]
    assert answer.data["outcome"] == "dry_run"
    assert answer.data["requests"] == ["DELETE /api/repos/octo/hello/builds/2"]
    assert answer.data["needs_confirmation"] is True
    assert answer.data["message"].startswith("This would stop build 2 of octo/hello")


@pytest.mark.parametrize("mode", ["dry-run", "on"])
@pytest.mark.parametrize(
    ("env", "arguments", "rule"),
    [
        ({}, {"repo": "acme/web", "number": 1}, "repos"),
        ({"DRONE_MCP_ACTION_OPERATIONS": "stop"}, {"repo": "octo/hello", "number": 1}, "operations"),
        ({"DRONE_MCP_ACTION_BRANCHES": "* !release/*"}, {"repo": "octo/hello", "number": 3}, "branches"),
    ],
)
async def test_every_check_is_made_in_a_rehearsal_too(
    at: Any, mode: str, env: dict[str, str], arguments: dict[str, Any], rule: str
) -> None:
    async with at(DRONE_MCP_ACTIONS=mode, **env) as desk:
        answer = await desk.call("drone_restart_build", **arguments)
        assert desk.writes == []
        assert [(line["event"], line["rule"]) for line in desk.lines] == [("refused", rule)]
    assert (answer.code, answer.data["details"]["rule"]) == ("PERMISSION_DENIED", rule)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    ("env", "named", "on_record", "facts"),
    [
        ({}, {"repo": "acme/web"}, "acme/web", ("PERMISSION_DENIED", "scope")),
        ({}, {"repo": "https://drone.example.com/acme/web/1"}, "acme/web", ("PERMISSION_DENIED", "scope")),
        ({"DRONE_REPO": "acme/web"}, {}, "acme/web", ("PERMISSION_DENIED", "scope")),
        ({}, {"repo": "no repository"}, "no repository", ("INVALID_INPUT", None)),
    ],
)
async def test_a_call_for_a_repository_out_of_reach_is_on_record(
    at: Any, tool: str, env: dict[str, str], named: dict[str, str], on_record: str, facts: tuple[str, str | None]
) -> None:
    async with at(DRONE_MCP_REPOS="octo/*", **env) as desk:
        answer = await desk.call(tool, number=1, **named)
        assert desk.drone.asked == []
        (line,) = desk.lines
    assert (answer.code, line["event"], line["decision"], line["outcome"]) == (facts[0], *["refused"] * 3)
    assert (line["operation"], line["repo"], line["build"]) == (tool.split("_")[1], on_record, 1)
    assert (line["code"], line.get("rule")) == facts


async def test_what_the_role_offers_no_tool_for_the_guard_refuses_too(at: Any) -> None:
    async with at(DRONE_MCP_TOOLS="drone_restart_build") as desk:
        assert [tool.name for tool in (await desk.client.list_tools()).tools] == ["drone_restart_build"]
        assert not (await desk.call("drone_restart_build", repo="octo/hello", number=1)).failed


async def test_the_rate_is_held(at: Any) -> None:
    async with at(DRONE_MCP_ACTION_RATE="1/h") as desk:
        await desk.call("drone_restart_build", repo="octo/hello", number=1)
        over = await desk.call("drone_restart_build", repo="octo/hello", number=2)
        assert len(desk.writes) == 1
        desk.clock[0] += 3601
        assert not (await desk.call("drone_restart_build", repo="octo/hello", number=2)).failed
    assert (over.code, over.data["details"]["rule"]) == ("RATE_LIMITED", "rate")


async def test_reading_uses_the_token_that_reads_and_writing_the_other(at: Any) -> None:
    async with at() as desk:
        await desk.call("drone_restart_build", repo="octo/hello", number=1)
        users = {(asked.method, asked.user) for asked in desk.drone.asked}
    assert users == {("GET", "reader"), ("POST", "admin")}


async def test_the_file_proves_who_did_what(at: Any) -> None:
    async with at(**ADDITIONS) as desk:
        await desk.call("drone_restart_build", repo="octo/hello", number=1, params={"PASSWORD": "hunter2"})
        await desk.call("drone_restart_build", repo="acme/web", number=1)
        await desk.call("drone_stop_build", repo="octo/hello", number=2)
        recent = await desk.read("drone://audit/recent")
        lines = desk.lines
    assert [line["event"] for line in lines] == ["attempt", "outcome", "refused", "asked"]
    attempt = lines[0]
    who = {key: attempt["agent"][key] for key in ("role", "session", "pod")}
    assert who == {"role": "ops", "session": "session-1", "pod": "pod-1"}
    assert (attempt["operation"], attempt["repo"], attempt["build"]) == ("restart", "octo/hello", 1)
    assert (attempt["before"]["status"], attempt["rule"], attempt["decision"]) == ("failure", "allowed", "allowed")
    assert attempt["sends"] == "POST /api/repos/octo/hello/builds/1"
    assert lines[1]["outcome"] == "done"
    assert attempt["request"] == lines[1]["request"] != lines[2]["request"]
    assert "hunter2" not in desk.audit.read_text(encoding="utf-8")
    assert [line["event"] for line in recent["lines"]] == [line["event"] for line in lines]
    assert verify(desk.audit.read_text(encoding="utf-8").splitlines(), None, desk.head).problems == ()


async def test_where_nothing_can_be_written_down_nothing_is_done(at: Any) -> None:
    async with at(DRONE_MCP_AUDIT_LOG="/dev/full", person=Person()) as desk:
        answers = [
            await desk.call("drone_restart_build", repo="octo/hello", number=1),
            await desk.call("drone_stop_build", repo="octo/hello", number=2),
            await desk.call("drone_approve_build", repo="octo/guarded", number=1),
            await desk.call("drone_decline_build", repo="octo/guarded", number=1),
        ]
        assert desk.writes == []
    assert {(answer.code, answer.data["message"]) for answer in answers} == {
        ("WRITES_DISABLED", "The audit line could not be written, so nothing was sent")
    }


async def test_a_log_that_breaks_between_two_stages_ends_it_there(at: Any) -> None:
    async with at() as desk:
        take = desk.drone.world.faults.take

        def damage(method: str, path: str) -> Any:
            if method == "POST":
                desk.audit.write_text("damaged\n", encoding="utf-8")
            return take(method, path)

        desk.drone.world.faults.take = damage
        answer = await desk.call("drone_approve_build", repo="octo/guarded", number=1)
        assert desk.writes == ["POST /api/repos/octo/guarded/builds/1/approve/1"]
    assert answer.data["outcome"] == "partly_done"


STATUSES = ("pending", "running", "blocked", "success", "failure", "error", "killed", "skipped", "declined", "new")
CALLS = st.fixed_dictionaries(
    {"number": st.just(7)},
    optional={
        "repo": st.sampled_from(("octo/hello", "acme/web", "https://drone.example.com/octo/hello/7", "a/../b", "x")),
        "stage": st.integers(-1, 3),
        "dry_run": st.sampled_from((True, False, "false", "no", 0)),
        "confirmation": st.sampled_from(("true", "yes", "W10.W10")),
        "params": st.dictionaries(st.sampled_from(("A", "target", "debug")), st.text(max_size=5), max_size=2),
        "debug": st.booleans(),
        "mode": st.just("on"),
    },
)
BUILDS = st.builds(
    lambda status, stages, event: made_build(
        7, status, *(made_stage(number, f"s{number}", it) for number, it in enumerate(stages, 1)), event=event
    ),
    st.sampled_from(STATUSES),
    st.lists(st.sampled_from(STATUSES), max_size=3),
    st.sampled_from(("push", "pull_request", "promote", "tag")),
)


@given(st.sampled_from(("", "off", "dry-run", "OFF", "Dry-Run")), BUILDS, st.sampled_from(TOOLS), CALLS)
@settings(max_examples=60, deadline=None)
def test_no_call_of_any_tool_writes_where_the_mode_is_not_on(
    tmp_path_factory: pytest.TempPathFactory, mode: str, build: dict[str, Any], tool: str, arguments: dict[str, Any]
) -> None:
    env = {"DRONE_MCP_ACTIONS": mode, "DRONE_MCP_ACTION_REPOS": "*/*", "DRONE_REPO": "octo/hello"}
    folder = tmp_path_factory.getbasetemp()
    assert asked(folder, env, build, tool, arguments) == []


REPOS = st.lists(st.sampled_from(("octo/hello", "octo/*", "acme/*", "o*/h?llo")), min_size=1, max_size=2)


PLAIN = st.fixed_dictionaries({"number": st.just(7), "repo": st.sampled_from(("octo/hello", "acme/web"))})
PUSHES = st.builds(
    lambda status, stages: made_build(7, status, *(made_stage(n, f"s{n}", it) for n, it in enumerate(stages, 1))),
    st.sampled_from(("running", "failure", "pending")),
    st.lists(st.sampled_from(("blocked", "running", "failure")), min_size=1, max_size=3),
)


@pytest.mark.parametrize("tool", TOOLS)
def test_where_all_is_in_order_it_does_leave(tmp_path: Path, tool: str) -> None:
    env = {"DRONE_MCP_ACTIONS": "on", "DRONE_MCP_ACTION_REPOS": "octo/*"}
    status, stage = ("failure", "failure") if tool == "drone_restart_build" else ("running", "blocked")
    build = made_build(7, status, made_stage(1, "s", stage))
    assert len(asked(tmp_path, env, build, tool, {"number": 7, "repo": "octo/hello"})) == 1


@given(REPOS, PUSHES, st.sampled_from(TOOLS), PLAIN, st.sampled_from(("low", "high")))
@settings(max_examples=80, deadline=None)
def test_what_leaves_is_of_an_allowed_repository_and_was_written_down_before(
    tmp_path_factory: pytest.TempPathFactory,
    repos: list[str],
    build: dict[str, Any],
    tool: str,
    arguments: dict[str, Any],
    confirm: str,
) -> None:
    env = {
        "DRONE_MCP_ACTIONS": "on",
        "DRONE_MCP_ACTION_REPOS": " ".join(repos),
        "DRONE_MCP_ACTION_CONFIRM": confirm,
        "DRONE_REPO": "octo/hello",
    }
    for path, lines in asked(tmp_path_factory.getbasetemp(), env, build, tool, arguments):
        slug = "/".join(path.split("/")[3:5])
        assert slug == "acme/web" if repos == ["acme/*"] else slug in {"octo/hello", "acme/web"}
        assert slug != "acme/web" or "acme/*" in repos
        assert slug != "octo/hello" or set(repos) - {"acme/*"}
        assert (lines[-1]["event"], lines[-1]["repo"]) == ("attempt", slug)
        assert lines[-1]["sends"].endswith(path)
        assert tool != "drone_stop_build" or lines[-1]["confirmation"]
