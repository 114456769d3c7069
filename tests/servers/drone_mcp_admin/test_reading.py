"""What the reading tools say, and to whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_admin.toolkit import audit
from support.actions_desk import NOW, Person

if TYPE_CHECKING:
    from pathlib import Path

QUEUE = "drone_manage_queue"


async def test_the_settings_of_all_repositories_are_listed_by_name(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_list_repo_settings")
        disabled = await desk.call("drone_list_repo_settings", only="disabled")
        one = await desk.call("drone_list_repo_settings", repo="octo/payments")
    assert [(item["repo"], item.get("on")) for item in answer.data["repos"]] == [
        ("octo/hello", ["active"]),
        ("octo/payments", None),
    ]
    assert disabled.data == one.data


async def test_a_limited_role_sees_the_settings_of_its_repositories(at: Any) -> None:
    async with at(DRONE_MCP_REPOS="octo/hello") as desk:
        answer = await desk.call("drone_list_repo_settings")
    assert [item["repo"] for item in answer.data["repos"]] == ["octo/hello"]


async def test_secrets_are_names_and_the_origin_of_a_new_value(at: Any) -> None:
    async with at(DRONE_MCP_ADMIN_SECRETS="octo/*/NPM_TOKEN=/nowhere") as desk:
        repo = await desk.call("drone_list_secrets", repo="octo/hello")
        shared = await desk.call("drone_list_secrets", namespace="octo")
    assert repo.data["secrets"] == [{"name": "NPM_TOKEN", "value_from": "the operator's place for it"}]
    assert shared.data["secrets"] == [{"name": "SHARED", "value_from": "a person"}]


async def test_jobs_are_explained_and_their_runs_are_in_the_zone_asked_for(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_list_crons", repo="octo/hello", zone="Asia/Tokyo")
    (job,) = answer.data["jobs"]
    assert (job["words"], job["next"]) == ("at 01:30:00 every day", job["runs"][0])
    assert [run[10:] for run in job["runs"]] == ["T10:30:00+09:00"] * 3


async def test_a_server_in_another_time_zone_is_noticed(at: Any) -> None:
    async with at() as desk:
        desk.drone.world.crons[0].next += 3600
        answer = await desk.call("drone_list_crons", repo="octo/hello")
    (job,) = answer.data["jobs"]
    assert ("runs" in job, "time zone" in job["note"]) == (False, True)


async def test_an_unknown_time_zone_is_named(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_list_crons", repo="octo/hello", zone="Mars/Olympus")
    assert (answer.code, desk.drone.asked) == ("INVALID_INPUT", [])


async def test_the_text_of_a_template_is_shown_without_its_secrets(at: Any) -> None:
    token = "gh" + "p_0123456789abcdefghijklmnopqrstuvwxyz"
    async with at() as desk:
        desk.drone.world.templates[0].data += f"  token: {token}\n"
        names = await desk.call("drone_list_templates")
        answer = await desk.call("drone_list_templates", namespace="octo", name="base.yml")
        missing = await desk.call("drone_list_templates", name="none.yml")
    assert names.data["templates"] == [{"namespace": "octo", "name": "base.yml", "lines": 5}]
    assert "make test" in answer.data["templates"][0]["text"]
    assert token not in answer.text
    assert missing.code == "NOT_FOUND"


async def test_users_are_described_and_found_by_a_part_of_the_login(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_list_users")
        found = await desk.call("drone_list_users", login="rob")
    assert {item["login"]: item.get("is_a", []) for item in answer.data["users"]} == {
        "admin": ["administrator"],
        "dev": [],
        "robot": ["machine"],
    }
    assert [item["login"] for item in found.data["users"]] == ["robot"]


@pytest.mark.parametrize(
    ("token", "tool", "given", "code"),
    [
        ("dev-token", "drone_list_users", {}, "PERMISSION_DENIED"),
        ("dev-token", "drone_list_repo_settings", {}, "PERMISSION_DENIED"),
        ("dev-token", "drone_get_queue_state", {}, "PERMISSION_DENIED"),
        ("dev-token", "drone_list_secrets", {"namespace": "octo"}, "PERMISSION_DENIED"),
        ("dev-token", "drone_list_templates", {}, "PERMISSION_DENIED"),
        ("robot-token", "drone_list_secrets", {"repo": "octo/hello"}, "NOT_FOUND"),
        ("robot-token", "drone_list_crons", {"repo": "octo/hello"}, "NOT_FOUND"),
        ("unknown-token", "drone_list_users", {}, "AUTH_FAILED"),
    ],
)
async def test_a_user_without_the_right_is_told_so(
    at: Any, token: str, tool: str, given: dict[str, Any], code: str
) -> None:
    async with at(DRONE_TOKEN=token) as desk:
        answer = await desk.call(tool, **given)
    assert answer.code == code


async def test_a_queue_that_is_paused_by_someone_else_looks_stalled(at: Any) -> None:
    async with at(clock=NOW + 4 * 3600) as desk:
        idle = await desk.call("drone_get_queue_state")
        async with desk.drone.client() as root:
            await root.delete("/api/queue")
            await root.post("/api/repos/octo/hello/builds")
        answer = await desk.call("drone_get_queue_state")
    assert idle.data["state"] == "idle"
    assert (answer.data["state"], answer.data["waiting"], answer.data["oldest"]) == (
        "stalled",
        1,
        ["octo/hello#4 'build'"],
    )
    assert "240 minutes" in answer.data["message"]
    assert "resume" in answer.data["next_step"]


async def test_a_queue_that_was_paused_here_is_known_as_paused_until_it_is_resumed(at: Any) -> None:
    async with at(Person()) as desk:
        await desk.call(QUEUE, action="pause")
        paused = await desk.call("drone_get_queue_state")
        await desk.call(QUEUE, action="resume")
        resumed = await desk.call("drone_get_queue_state")
    assert paused.data["state"] == "paused"
    assert paused.data["on_record"].startswith("paused at 2026-11-2")
    assert resumed.data["state"] == "idle"


async def test_a_queue_in_which_stages_start_is_working(at: Any) -> None:
    async with at(clock=NOW + 600) as desk:
        async with desk.drone.client() as root:
            await root.patch("/api/repos/octo/hello", json={"throttle": 1})
            for _ in range(2):
                await root.post("/api/repos/octo/hello/builds")
        await desk.drone.advance(1.5)
        answer = await desk.call("drone_get_queue_state")
    assert [answer.data[name] for name in ("state", "running", "waiting")] == ["working", 1, 1]


async def test_callers_are_listed_with_the_beginning_of_their_hash(at: Any, tmp_path: Path) -> None:
    file = tmp_path / "callers.yaml"
    digest, literal = "ab" * 32, "dmcp_a-token-that-somebody-pasted"
    mona, ada = (
        f"{{name: mona, role: ops, token: 'sha256:{digest}'}}",
        f"{{name: ada, role: dev, with: [deploy], ceiling: ops, token: {literal}}}",
    )
    callers = f"callers:\n- {mona}\n- {ada}\n"
    file.write_text(callers, encoding="utf-8")
    async with at(DRONE_MCP_ADMIN_CALLERS=str(file)) as desk:
        answer = await desk.call("drone_list_callers")
        file.write_text("callers: [", encoding="utf-8")
        broken = await desk.call("drone_list_callers")
    assert answer.data["callers"] == [
        {
            "name": "ada",
            "role": "dev",
            "added": ["deploy"],
            "ceiling": "ops",
            "token_hash": "not a hash",
            "tokens": "the role's",
        },
        {"name": "mona", "role": "ops", "token_hash": "sha256:abababababab", "tokens": "the role's"},
    ]
    assert (literal in answer.text, digest in answer.text) == (False, False)
    assert (broken.code, "DRONE_MCP_ADMIN_CALLERS" in broken.data["next_step"]) == ("SERVICE_ERROR", True)


async def test_the_audit_log_of_all_processes_is_shown_and_verified(at: Any) -> None:
    async with at(Person(), DRONE_MCP_ACTION_KEY="k" * 32) as desk:
        await desk.call(QUEUE, action="pause")
        answer = await desk.call("drone_get_audit_log", limit=2)
        lines = desk.audit.read_text(encoding="utf-8").splitlines()
        forged = json.loads(lines[0]) | {"event": "nothing"}
        desk.audit.write_text("\n".join([json.dumps(forged), *lines[1:], ""]), encoding="utf-8")
        changed = await desk.call("drone_get_audit_log")
    assert (answer.data["verified"], answer.data["count"]) == (True, len(lines))
    assert [line["outcome"] for line in answer.data["lines"] if line["event"] == "outcome"] == ["done"]
    assert changed.data["verified"] is False
    assert changed.data["problems"][0].startswith("line 1: ")


async def test_an_answer_has_as_many_audit_lines_as_fit(at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_TEXT", 2_500)
    async with at(Person()) as desk:
        for action in ("pause", "resume", "pause"):
            await desk.call(QUEUE, action=action, dry_run=True)
            await desk.call(QUEUE, action=action)
        answer = await desk.call("drone_get_audit_log", limit=200)
    shown = len(answer.data["lines"])
    assert 0 < shown < answer.data["count"]
    assert (answer.data["verified"], f"Only the newest {shown} lines" in answer.data["note"]) == (True, True)


async def test_files_that_the_operator_has_not_named_are_said(at: Any) -> None:
    async with at(DRONE_MCP_AUDIT_LOG="stderr") as desk:
        answers = [await desk.call(tool) for tool in ("drone_list_callers", "drone_get_audit_log")]
    assert [answer.code for answer in answers] == ["NOT_FOUND", "NOT_FOUND"]
