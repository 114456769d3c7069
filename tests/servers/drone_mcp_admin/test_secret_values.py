"""No value of a secret and no token leaves the process, except to Drone and into the operator's file."""

from __future__ import annotations

import json
import logging
import stat
from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_admin.values.reading import LARGEST
from support.actions_desk import Person

if TYPE_CHECKING:
    from pathlib import Path

VALUE = 'new-npm "valué" &%\\ 7f3a'
SECRET, USER = "drone_manage_secret", "drone_manage_user"
SET = {"repo": "octo/hello", "action": "set", "name": "NPM_TOKEN"}
FORMS = (VALUE, json.dumps(VALUE)[1:-1], VALUE.encode().hex(), "old-npm-value")


class Record:
    """Everything that came out of the process during a test."""

    def __init__(self, caplog: pytest.LogCaptureFixture, person: Person, audit: Path) -> None:
        self._caplog, self._person, self._audit = caplog, person, audit
        self.answers: list[str] = []
        caplog.set_level(logging.DEBUG)

    def text(self) -> str:
        """Return all of it."""
        audit = self._audit.read_text(encoding="utf-8") if self._audit.exists() else ""
        logged = "".join(f"{record.getMessage()} {record.__dict__}" for record in self._caplog.records)
        return "".join([*self.answers, *self._person.asked, audit, logged])


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def record(caplog: pytest.LogCaptureFixture, person: Person, tmp_path: Path) -> Record:
    return Record(caplog, person, tmp_path / "audit.jsonl")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "npm"
    path.write_text(f"{VALUE}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    "trouble",
    [None, {"status": 500, "message": VALUE}, {"status": 400, "message": VALUE}, {"status": 503}],
)
async def test_a_value_of_the_operators_file_reaches_drone_and_nobody_else(
    at: Any, person: Person, record: Record, file: Path, mode: str, trouble: dict[str, Any] | None
) -> None:
    async with at(person, mode, DRONE_MCP_ADMIN_SECRETS=f"octo/*/NPM_TOKEN={file}") as desk:
        if trouble:
            desk.drone.break_with("status", **trouble, route="PATCH /api/repos/*")
        for more in ({"dry_run": True}, {}, {}):
            record.answers.append((await desk.call(SECRET, **SET, **more)).text)
        (secret,) = [one for one in desk.drone.world.secrets if one.name == "NPM_TOKEN"]
    assert (secret.data == VALUE) is (trouble is None)
    assert len(desk.writes) == (1 if trouble is None or trouble["status"] != 400 else 2)
    assert [form for form in FORMS if form in record.text()] == []


NASTY = (
    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg\nno-real-key\n-----END EC PRIVATE KEY-----",
    "tab\tand 'quotes' and \"more\" \\n \\u0041",
    "ünïcödé 🔑 value",
    "aGVsbG8gd29ybGQ=" * 40,
    "${OTHER_SECRET} $(id) `id` %s {0}",
    "trailing space ",
)


async def test_values_of_any_form_reach_drone_as_they_are_and_are_in_no_output(
    at: Any, person: Person, record: Record, file: Path
) -> None:
    async with at(person, DRONE_MCP_ADMIN_SECRETS=f"octo/*/NPM_TOKEN={file}", DRONE_MCP_ADMIN_RATE="100/h") as desk:
        for value in NASTY:
            file.write_text(value, encoding="utf-8")  # noqa: ASYNC240 - a test may block
            record.answers.append((await desk.call(SECRET, **SET)).text)
            assert next(one.data for one in desk.drone.world.secrets if one.name == "NPM_TOKEN") == value
        desk.drone.break_with("status", status=400, message="; ".join(NASTY), route="PATCH /api/repos/*")
        file.write_text("the last one", encoding="utf-8")  # noqa: ASYNC240 - a test may block
        record.answers.append((await desk.call(SECRET, **SET)).text)
    assert '"INVALID_INPUT"' in record.answers[-1]
    said = record.text()
    shown = {line for value in NASTY for line in value.splitlines() if len(line) > 8 and line in said}
    assert shown == set()


async def test_a_server_whose_token_is_in_a_file_goes_on_with_the_new_one(
    at: Any, person: Person, tmp_path: Path
) -> None:
    folder = tmp_path / "tokens"
    folder.mkdir()
    token = folder / "admin.token"
    token.write_text("admin-token\n", encoding="ascii")
    files = {"DRONE_TOKEN": "", "DRONE_TOKEN_FILE": str(token)}
    files |= {"DRONE_WRITE_TOKEN": "", "DRONE_WRITE_TOKEN_FILE": str(token)}
    async with at(person, DRONE_MCP_ADMIN_TOKEN_FOLDER=str(folder), **files) as desk:
        await desk.call(USER, action="rotate_token")
        answer = await desk.call("drone_manage_queue", action="pause")
        users = await desk.call("drone_list_users")
    assert token.read_text(encoding="ascii") != "admin-token\n"
    assert (answer.data["outcome"], len(users.data["users"])) == ("done", 3)


async def test_a_value_of_a_variable_is_used_and_not_shown(at: Any, person: Person, record: Record) -> None:
    places = {"DRONE_MCP_ADMIN_SECRETS": "org:octo/SHARED=SHARED_VALUE", "SHARED_VALUE": VALUE}
    async with at(person, **places) as desk:
        record.answers.append((await desk.call(SECRET, namespace="octo", action="set", name="SHARED")).text)
        assert [one.data for one in desk.drone.world.secrets if one.namespace] == [VALUE]
    assert [form for form in FORMS if form in record.text()] == []


async def test_a_value_is_read_when_it_is_used(at: Any, person: Person, file: Path) -> None:
    async with at(person, DRONE_MCP_ADMIN_SECRETS=f"octo/*/NPM_TOKEN={file}") as desk:
        file.write_text("another-value", encoding="utf-8")  # noqa: ASYNC240 - a test may block
        await desk.call(SECRET, **SET)
        assert next(one.data for one in desk.drone.world.secrets if one.name == "NPM_TOKEN") == "another-value"


@pytest.mark.parametrize(
    ("place", "content"),
    [
        ("octo/hello/OTHER={}", b"x"),
        ("acme/*/NPM_TOKEN={}", b"x"),
        ("org:octo/NPM_TOKEN={}", b"x"),
        ("octo/hello/NPM_TOKEN={}", b""),
        ("octo/hello/NPM_TOKEN={}", b"\xff\xfe"),
        ("octo/hello/NPM_TOKEN={}", b"x" * (LARGEST + 1)),
        ("octo/hello/NPM_TOKEN={}/missing", b"x"),
        ("octo/hello/NPM_TOKEN=NOT_SET", b"x"),
    ],
)
async def test_without_a_value_from_the_operator_or_a_person_nothing_is_sent(
    at: Any, file: Path, place: str, content: bytes
) -> None:
    file.write_bytes(content)  # noqa: ASYNC240 - a test may block
    async with at(DRONE_MCP_ADMIN_SECRETS=place.format(file)) as desk:
        answer = await desk.call(SECRET, **SET)
        assert desk.writes == []
    assert answer.code == "INVALID_INPUT"
    assert "operator" in answer.data["next_step"].lower()


async def test_whoever_opens_pull_requests_gets_a_secret_only_after_a_person_agreed(at: Any) -> None:
    person = Person(says="decline")
    async with at(person, DRONE_MCP_ADMIN_CONFIRM="high") as desk:
        answer = await desk.call(SECRET, **{**SET, "action": "set_rules"}, pull_request=True)
        assert desk.writes == []
    assert answer.code == "NOT_CONFIRMED"
    assert "pull requests" in person.asked[0]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    ("given", "login"),
    [
        ({"action": "rotate_token"}, "admin"),
        ({"action": "create", "login": "bot", "machine": True}, "bot"),
    ],
)
async def test_a_new_token_goes_into_a_file_that_only_its_owner_can_read(
    at: Any, person: Person, record: Record, tmp_path: Path, mode: str, given: dict[str, Any], login: str
) -> None:
    folder = tmp_path / "tokens"
    folder.mkdir()
    async with at(person, mode, DRONE_MCP_ADMIN_TOKEN_FOLDER=str(folder)) as desk:
        for more in ({"dry_run": True}, {}, {}):
            record.answers.append((await desk.call(USER, **given, **more)).text)
        token = desk.drone.world.users[login].token
        writes = len(desk.writes)
    (path,) = folder.iterdir()
    assert (path.name, path.read_text(encoding="ascii")) == (f"{login}.token", f"{token}\n")
    assert (stat.S_IMODE(path.stat().st_mode), writes) == (0o600, 1)
    assert token not in record.text()
    assert f"{login}.token" in record.answers[1]


async def test_a_token_of_another_user_is_revoked_and_nobody_learns_the_new_one(
    at: Any, person: Person, record: Record
) -> None:
    async with at(person) as desk:
        answer = await desk.call(USER, action="rotate_token", login="robot")
        record.answers.append(answer.text)
        token = desk.drone.world.users["robot"].token
    assert token != "robot-token"
    assert token not in record.text()
    assert "create it anew" in person.asked[0]


async def test_without_a_folder_no_token_is_made(at: Any, person: Person) -> None:
    async with at(person) as desk:
        for given in ({"action": "rotate_token"}, {"action": "create", "login": "bot", "machine": True}):
            answer = await desk.call(USER, **given)
            assert (answer.code, "DRONE_MCP_ADMIN_TOKEN_FOLDER" in answer.data["next_step"]) == (
                "WRITES_DISABLED",
                True,
            )
        assert desk.writes == []


async def test_a_token_that_could_not_be_kept_is_not_made(at: Any, person: Person, tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    folder.mkdir()
    async with at(person, DRONE_MCP_ADMIN_TOKEN_FOLDER=str(folder)) as desk:
        folder.rmdir()
        answer = await desk.call(USER, action="rotate_token")
        assert desk.writes == []
    assert answer.code == "WRITES_DISABLED"


async def test_a_refused_rotation_leaves_no_file_behind(at: Any, person: Person, tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    folder.mkdir()
    async with at(person, DRONE_MCP_ADMIN_TOKEN_FOLDER=str(folder)) as desk:
        desk.drone.break_with("status", status=500, route="POST /api/user/token")
        await desk.call(USER, action="rotate_token")
    assert list(folder.iterdir()) == []
