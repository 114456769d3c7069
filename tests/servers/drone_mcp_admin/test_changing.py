"""Every change: what is sent and what is rehearsed, what Drone has afterwards, and what is sent only once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.actions_desk import Person

if TYPE_CHECKING:
    from pathlib import Path

HELLO, PAYMENTS = {"repo": "octo/hello"}, {"repo": "octo/payments"}
REPO, SECRET, CRON, TEMPLATE, USER, QUEUE = (
    f"drone_manage_{thing}" for thing in ("repo", "secret", "cron", "template", "user", "queue")
)
TEXT = "kind: pipeline\nsteps:\n- name: test\n  commands: [make check]\n"
ALLOWED = {"DRONE_MCP_ADMIN_TRUSTED": "allow", "DRONE_MCP_ADMIN_ADMINS": "allow"}

# tool, arguments -> what is sent
CHANGES: list[tuple[str, dict[str, Any], list[str]]] = [
    (REPO, {**HELLO, "action": "set", "timeout_minutes": 30, "on": ["protected"]}, ["PATCH /api/repos/octo/hello"]),
    (REPO, {**HELLO, "action": "set", "on": ["trusted"]}, ["PATCH /api/repos/octo/hello"]),
    (REPO, {**PAYMENTS, "action": "enable"}, ["POST /api/repos/octo/payments"]),
    (REPO, {**HELLO, "action": "disable"}, ["DELETE /api/repos/octo/hello"]),
    (REPO, {**HELLO, "action": "chown"}, ["POST /api/repos/octo/hello/chown"]),
    (REPO, {**HELLO, "action": "repair"}, ["POST /api/repos/octo/hello/repair"]),
    (REPO, {"action": "sync"}, ["POST /api/user/repos"]),
    (REPO, {**HELLO, "action": "purge_builds", "before": 3}, ["DELETE /api/repos/octo/hello/builds"]),
    (SECRET, {**HELLO, "action": "set", "name": "NPM_TOKEN"}, ["PATCH /api/repos/octo/hello/secrets/NPM_TOKEN"]),
    (SECRET, {**HELLO, "action": "set", "name": "NEW"}, ["POST /api/repos/octo/hello/secrets"]),
    (
        SECRET,
        {**HELLO, "action": "set_rules", "name": "NPM_TOKEN", "pull_request": True},
        ["PATCH /api/repos/octo/hello/secrets/NPM_TOKEN"],
    ),
    (SECRET, {**HELLO, "action": "delete", "name": "NPM_TOKEN"}, ["DELETE /api/repos/octo/hello/secrets/NPM_TOKEN"]),
    (SECRET, {"namespace": "octo", "action": "set", "name": "SHARED"}, ["PATCH /api/secrets/octo/SHARED"]),
    (SECRET, {"namespace": "octo", "action": "set", "name": "NEW"}, ["POST /api/secrets/octo"]),
    (SECRET, {"namespace": "octo", "action": "delete", "name": "SHARED"}, ["DELETE /api/secrets/octo/SHARED"]),
    (CRON, {**HELLO, "action": "set", "name": "Weekly Job", "expr": "@weekly"}, ["POST /api/repos/octo/hello/cron"]),
    (
        CRON,
        {**HELLO, "action": "set", "name": "nightly", "disabled": True},
        ["PATCH /api/repos/octo/hello/cron/nightly"],
    ),
    (
        CRON,
        {**HELLO, "action": "set", "name": "nightly", "expr": "0 0 2 * * *", "target": "staging"},
        [
            "DELETE /api/repos/octo/hello/cron/nightly",
            "POST /api/repos/octo/hello/cron",
            "PATCH /api/repos/octo/hello/cron/nightly",
        ],
    ),
    (CRON, {**HELLO, "action": "run", "name": "nightly"}, ["POST /api/repos/octo/hello/cron/nightly"]),
    (CRON, {**HELLO, "action": "delete", "name": "nightly"}, ["DELETE /api/repos/octo/hello/cron/nightly"]),
    (
        TEMPLATE,
        {"namespace": "octo", "action": "set", "name": "base.yml", "text": TEXT},
        ["PATCH /api/templates/octo/base.yml"],
    ),
    (
        TEMPLATE,
        {"namespace": "octo", "action": "set", "name": "new.star", "text": TEXT},
        ["POST /api/templates/octo"],
    ),
    (TEMPLATE, {"namespace": "octo", "action": "delete", "name": "base.yml"}, ["DELETE /api/templates/octo/base.yml"]),
    (USER, {"action": "create", "login": "mona"}, ["POST /api/users"]),
    (USER, {"action": "create", "login": "bot", "machine": True, "admin": True}, ["POST /api/users"]),
    (USER, {"action": "update", "login": "dev", "active": False}, ["PATCH /api/users/dev"]),
    (USER, {"action": "update", "login": "dev", "admin": True}, ["PATCH /api/users/dev"]),
    (USER, {"action": "delete", "login": "dev"}, ["DELETE /api/users/dev"]),
    (USER, {"action": "rotate_token", "login": "dev"}, ["POST /api/users/dev/token/rotate"]),
    (USER, {"action": "rotate_token"}, ["POST /api/user/token"]),
    (QUEUE, {"action": "pause"}, ["DELETE /api/queue"]),
    (QUEUE, {"action": "resume"}, ["POST /api/queue"]),
]
# Those after which the same call has nothing left to do. The value of a secret cannot be compared with Drone's.
_AGAIN = {"chown", "repair", "sync", "run", "rotate_token", "pause", "resume"}
LASTING = [
    (tool, given)
    for tool, given, _ in CHANGES
    if given["action"] not in _AGAIN and (tool, given["action"]) != (SECRET, "set")
]


@pytest.fixture
def places(tmp_path: Any) -> dict[str, str]:
    """The operator's places: a file for two secrets, a variable for that of the namespace, a folder for tokens."""
    file, folder = tmp_path / "value", tmp_path / "tokens"
    file.write_text("5ec2e7-of-the-operator\n", encoding="utf-8")
    folder.mkdir()
    named = f"octo/*/NPM_TOKEN={file} octo/hello/NEW={file} org:octo/SHARED=SHARED_VALUE org:octo/NEW=SHARED_VALUE"
    return {
        **ALLOWED,
        "DRONE_MCP_ADMIN_SECRETS": named,
        "SHARED_VALUE": "5ec2e7-shared-by-all",
        "DRONE_MCP_ADMIN_TOKEN_FOLDER": str(folder),
    }


def _name(item: Any) -> str:
    return "-".join(str(value) for value in item.values()) if isinstance(item, dict) else ""


@pytest.mark.parametrize(("tool", "given", "sent"), CHANGES, ids=_name)
async def test_a_rehearsal_names_exactly_what_is_sent_afterwards(
    at: Any, places: dict[str, str], tool: str, given: dict[str, Any], sent: list[str]
) -> None:
    async with at(Person(), **places) as desk:
        rehearsal = await desk.call(tool, **given, dry_run=True)
        assert desk.writes == []
        done = await desk.call(tool, **given)
        assert desk.writes == sent
    assert rehearsal.data["outcome"] == "dry_run"
    assert [request.partition(" with ")[0] for request in rehearsal.data["requests"]] == sent
    assert rehearsal.data["requests"] == done.data["requests"]
    assert (done.data["outcome"], done.data.get("dropped")) == ("done", None)
    assert [line["outcome"] for line in desk.lines if line["event"] == "outcome"] == ["done"] * len(sent)


@pytest.mark.parametrize(("tool", "given"), LASTING, ids=_name)
async def test_what_is_in_place_already_is_not_sent_again(
    at: Any, places: dict[str, str], tool: str, given: dict[str, Any]
) -> None:
    async with at(Person(), **places) as desk:
        await desk.call(tool, **given)
        desk.drone.forget()
        again = await desk.call(tool, **given, dry_run=True)
        assert desk.writes == []
    assert again.data["outcome"] == "nothing_to_do"


@pytest.mark.parametrize(("tool", "given"), [(tool, given) for tool, given, _ in CHANGES], ids=_name)
async def test_a_role_that_may_change_nothing_there_sends_nothing(
    at: Any, places: dict[str, str], tool: str, given: dict[str, Any]
) -> None:
    async with at(Person(), **{**places, "DRONE_MCP_ADMIN_SCOPES": "acme/* org:acme"}) as desk:
        answer = await desk.call(tool, **given)
        assert desk.writes == []
    assert (answer.code, answer.data["details"]["rule"]) == ("PERMISSION_DENIED", "scopes")
    assert desk.lines[-1]["rule"] == "scopes"


@pytest.mark.parametrize(
    ("tool", "given", "rule"),
    [
        (REPO, {**HELLO, "action": "set", "on": ["trusted"]}, "trusted"),
        (USER, {"action": "create", "login": "boss", "admin": True}, "admins"),
        (USER, {"action": "update", "login": "dev", "admin": True}, "admins"),
    ],
)
async def test_trust_and_administrators_are_made_only_where_the_operator_allows_it(
    at: Any, tool: str, given: dict[str, Any], rule: str
) -> None:
    async with at(Person()) as desk:
        answer = await desk.call(tool, **given)
        assert desk.writes == []
    assert answer.data["details"]["rule"] == rule


@pytest.mark.parametrize(
    ("given", "asks"),
    [
        ({"action": "set", "timeout_minutes": 30}, False),
        ({"action": "set", "on": ["protected"]}, False),
        ({"action": "set", "off": ["protected"]}, True),
        ({"action": "set", "visibility": "private"}, False),
        ({"action": "disable"}, True),
        ({"action": "purge_builds", "before": 3}, True),
    ],
)
async def test_what_opens_or_destroys_something_always_asks_a_person(
    at: Any, given: dict[str, Any], asks: bool
) -> None:
    person = Person()
    async with at(person, DRONE_MCP_ADMIN_CONFIRM="high") as desk:
        desk.drone.world.repos["octo/hello"].protected = given.get("off") == ["protected"]
        answer = await desk.call(REPO, **HELLO, **given)
    assert (answer.data["outcome"], bool(person.asked)) == ("done", asks)


async def test_settings_that_drone_drops_are_named(at: Any) -> None:
    async with at(Person(), DRONE_TOKEN="dev-token", DRONE_WRITE_TOKEN="dev-token") as desk:
        answer = await desk.call(REPO, **HELLO, action="set", timeout_minutes=5, on=["ignore_forks"])
    assert answer.data["dropped"] == ["timeout: sent 5, Drone has 60"]
    assert "system administrator" in answer.data["next_step"]
    assert desk.drone.world.repos["octo/hello"].ignore_forks


async def test_a_job_whose_expression_changes_keeps_everything_else(at: Any) -> None:
    async with at(Person()) as desk:
        await desk.call(CRON, **HELLO, action="set", name="nightly", target="staging", disabled=True)
        await desk.call(CRON, **HELLO, action="set", name="nightly", expr="@daily")
        (job,) = desk.drone.world.crons
    assert (job.expr, job.branch, job.target, job.disabled) == ("@daily", "main", "staging", True)


async def test_a_job_that_is_deleted_and_not_made_again_is_told(at: Any) -> None:
    async with at(Person()) as desk:
        desk.drone.break_with("status", status=500, route="POST /api/repos/*/cron")
        answer = await desk.call(CRON, **HELLO, action="set", name="nightly", expr="@daily")
    assert answer.data["outcome"] == "partly_done"
    assert "Not done: POST /api/repos/octo/hello/cron" in answer.data["message"]


async def test_a_wrong_expression_is_refused_before_anything_is_sent(at: Any) -> None:
    async with at(Person()) as desk:
        answer = await desk.call(CRON, **HELLO, action="set", name="nightly", expr="30 1 * *")
        assert desk.writes == []
    assert (answer.code, "4 fields" in answer.data["message"]) == ("INVALID_INPUT", True)


async def test_a_run_out_of_turn_answers_with_the_build(at: Any) -> None:
    async with at(Person()) as desk:
        answer = await desk.call(CRON, **HELLO, action="run", name="nightly")
    assert answer.data["now"] == {"number": 4, "status": "pending"}


async def test_the_newest_build_is_never_purged(at: Any) -> None:
    async with at(Person()) as desk:
        answer = await desk.call(REPO, **HELLO, action="purge_builds", before=4)
        assert desk.writes == []
        await desk.call(REPO, **HELLO, action="purge_builds", before=3)
        numbers = [build.number for build in desk.drone.world.builds.values()]
    assert (answer.code, numbers) == ("INVALID_INPUT", [3])


async def test_a_person_sees_the_lines_of_a_template_that_change(at: Any) -> None:
    person = Person()
    async with at(person) as desk:
        await desk.call(TEMPLATE, namespace="octo", action="set", name="base.yml", text=TEXT)
    assert "- commands: [make test]" in person.asked[0]
    assert "+ commands: [make check]" in person.asked[0]


async def test_a_confirmation_of_one_text_is_none_of_another(at: Any) -> None:
    given = {"namespace": "octo", "action": "set", "name": "base.yml"}
    async with at() as desk:
        asked = await desk.call(TEMPLATE, **given, text=TEXT)
        token = asked.data["details"]["confirmation"]
        other = await desk.call(TEMPLATE, **given, text=TEXT.replace("check", "deploy"), confirmation=token)
        assert (other.code, desk.writes) == ("NOT_CONFIRMED", [])
        agreed = await desk.call(TEMPLATE, **given, text=TEXT, confirmation=token)
    assert agreed.data["outcome"] == "done"
    assert "make" not in json.dumps(desk.lines)


@pytest.mark.parametrize("more", [{"pull_request": True}, {"name": "OTHER"}, {"repo": "octo/payments"}])
async def test_a_confirmation_of_one_change_is_none_of_another(at: Any, more: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text("5ec2e7-value", encoding="utf-8")
    places = f"octo/*/NPM_TOKEN={file} octo/*/OTHER={file}"
    given = {**HELLO, "action": "set", "name": "NPM_TOKEN"}
    async with at(DRONE_MCP_ADMIN_SECRETS=places) as desk:
        token = (await desk.call(SECRET, **given)).data["details"]["confirmation"]
        other = await desk.call(SECRET, **{**given, **more}, confirmation=token)
        assert (other.code, desk.writes) == ("NOT_CONFIRMED", [])


async def test_a_template_with_a_secret_in_it_is_refused(at: Any) -> None:
    text = f"{TEXT}  password: gh" + "p_0123456789abcdefghijklmnopqrstuvwxyz\n"
    async with at(Person()) as desk:
        answer = await desk.call(TEMPLATE, namespace="octo", action="set", name="base.yml", text=text)
        assert desk.writes == []
    assert (answer.code, "from_secret" in answer.data["next_step"]) == ("INVALID_INPUT", True)


@pytest.mark.parametrize("action", ["delete", "update", "rotate_token"])
async def test_the_server_does_not_lock_itself_out(at: Any, action: str) -> None:
    async with at(Person()) as desk:
        answer = await desk.call(USER, action=action, login="admin", active=False)
        assert desk.writes == []
    assert answer.code == "CONFLICT"


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        (SECRET, {**HELLO, "action": "delete", "name": ".."}),
        (SECRET, {"namespace": "../users", "action": "delete", "name": "x"}),
        (TEMPLATE, {"namespace": "octo", "action": "delete", "name": "../../users/dev.yml"}),
        (USER, {"action": "delete", "login": "dev/token"}),
        (USER, {"action": "create"}),
        (REPO, {**HELLO, "action": "set"}),
        (REPO, {**HELLO, "action": "set", "on": ["admin"]}),
        (REPO, {**HELLO, "action": "set", "on": ["trusted"], "off": ["trusted"]}),
        (REPO, {**HELLO, "action": "purge_builds"}),
        (TEMPLATE, {"namespace": "octo", "action": "set", "name": "base.yml"}),
        (SECRET, {**HELLO, "namespace": "octo", "action": "delete", "name": "x"}),
        (CRON, {**HELLO, "action": "delete", "name": "!"}),
    ],
)
async def test_arguments_that_cannot_be_right_are_refused(at: Any, tool: str, given: dict[str, Any]) -> None:
    async with at(Person()) as desk:
        answer = await desk.call(tool, **given)
        assert desk.writes == []
    assert answer.code == "INVALID_INPUT"


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        (QUEUE, {"action": "pause"}),
        (USER, {"action": "delete", "login": "dev"}),
        (REPO, {"action": "sync"}),
        (SECRET, {"namespace": "octo", "action": "delete", "name": "SHARED"}),
        ("drone_list_users", {}),
        ("drone_list_templates", {}),
        ("drone_list_templates", {"namespace": "octo"}),
        ("drone_list_secrets", {"namespace": "octo"}),
    ],
)
async def test_a_role_that_is_limited_to_repositories_reaches_nothing_beyond_them(
    at: Any, tool: str, given: dict[str, Any]
) -> None:
    async with at(Person(), DRONE_MCP_REPOS="octo/hello") as desk:
        answer = await desk.call(tool, **given)
        assert desk.drone.asked == []
    assert (answer.code, answer.data["details"]["rule"]) == ("PERMISSION_DENIED", "scope")


async def test_a_role_without_a_tool_cannot_use_its_operations(at: Any) -> None:
    tools = "drone_list_users,drone_manage_queue"
    async with at(Person(), DRONE_MCP_TOOLS=tools) as desk:
        names = [tool.name for tool in (await desk.client.list_tools()).tools]
        assert (await desk.call(QUEUE, action="pause")).data["outcome"] == "done"
    assert names == tools.split(",")


@pytest.mark.parametrize(("trouble", "happened"), [({"status": 503, "handled": True}, True), ({"status": 503}, False)])
async def test_a_lost_answer_is_looked_for_and_nothing_is_sent_twice(
    at: Any, trouble: dict[str, Any], happened: bool
) -> None:
    given = {**HELLO, "action": "set", "timeout_minutes": 30}
    async with at(Person()) as desk:
        desk.drone.break_with("status", **trouble, route="PATCH /api/repos/*")
        answer = await desk.call(REPO, **given)
        again = await desk.call(REPO, **given)
        assert len(desk.writes) == 1
    if happened:
        assert (answer.data["outcome"], again.data["outcome"]) == ("done", "repeated")
    else:
        assert (answer.code, again.code) == ("CONFLICT", "CONFLICT")
