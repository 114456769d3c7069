"""Rules that need no server: JSON, permissions, transitions, paging, cron, signatures, logs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_build.cron_schedule import next_time
from drone_mcp_simulator import gojson, lifecycle
from drone_mcp_simulator.paging import select_page
from drone_mcp_simulator.permissions import AccessLevel, refuse_org, refuse_repo, refuse_user
from drone_mcp_simulator.records import Build, Perm, Repo, Stage, Step, User
from drone_mcp_simulator.runner_log import LIMIT, Output, encode_upload, split_into_batches

GUEST = None
STRANGER = User(2, "stranger")
SYSADMIN = User(1, "root", admin=True)
FULL, READ, NOTHING = Perm(read=True, write=True, admin=True), Perm(read=True), Perm()


def _repo(visibility: str) -> Repo:
    return Repo(1, "1", 1, "octo", "hello", "octo/hello", visibility=visibility)


# -- JSON


def test_json_is_compact_and_escapes_what_go_escapes() -> None:
    assert gojson.encode({"a": "1 < 2 & 3 > 2 \u2028 é", "b": None}) == (
        '{"a":"1 \\u003c 2 \\u0026 3 \\u003e 2 \\u2028 é","b":null}\n'.encode()
    )


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_any_json_comes_back_as_it_was(value: object) -> None:
    assert gojson.decode(gojson.encode(value)) == value


@pytest.mark.parametrize(
    ("body", "message"), [(b"", "EOF"), (b'{"a":', "unexpected EOF"), (b"nope", "invalid character 'n'")]
)
def test_a_bad_body_is_refused_in_gos_words(body: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gojson.decode(body)


def test_empty_fields_are_left_out_only_where_drone_leaves_them_out() -> None:
    step = Step(1, 2, 3, "test").to_json()

    assert list(step) == ["id", "step_id", "number", "name", "status", "exit_code", "version"]


def test_a_list_shows_a_build_without_stages_and_sorts_its_params() -> None:
    build = Build(stages=[Stage(1, 1, 1, 1, "default")], params={"b": "2", "a": "1"})

    assert "stages" not in build.bare()
    assert "stages" in build.to_json()
    assert list(build.bare()["params"]) == ["a", "b"]


def test_a_token_is_in_no_repr() -> None:
    assert "s3cr3t" not in repr(User(1, "octo", token="s3cr3t"))


# -- permissions


@pytest.mark.parametrize(
    ("need", "visibility", "user", "perm", "status"),
    [
        (AccessLevel.READ, "public", GUEST, None, None),
        (AccessLevel.READ, "internal", GUEST, None, 401),
        (AccessLevel.READ, "internal", STRANGER, None, None),
        (AccessLevel.READ, "private", GUEST, None, 401),
        (AccessLevel.READ, "private", STRANGER, None, 404),
        (AccessLevel.READ, "private", STRANGER, READ, None),
        (AccessLevel.READ, "private", STRANGER, NOTHING, 404),
        (AccessLevel.READ, "private", SYSADMIN, None, None),
        (AccessLevel.WRITE, "public", GUEST, None, 401),
        (AccessLevel.WRITE, "public", STRANGER, None, 404),
        (AccessLevel.WRITE, "public", STRANGER, READ, 404),
        (AccessLevel.WRITE, "public", STRANGER, FULL, None),
        (AccessLevel.ADMIN, "public", STRANGER, Perm(read=True, write=True), 404),
        (AccessLevel.ADMIN, "public", STRANGER, FULL, None),
        (AccessLevel.ADMIN, "private", SYSADMIN, None, None),
        (AccessLevel.WRITE, "private", User(3, "gone", active=False), FULL, 403),
    ],
)
def test_who_may_do_what_to_a_repository(
    need: AccessLevel, visibility: str, user: User | None, perm: Perm | None, status: int | None
) -> None:
    refusal = refuse_repo(need, user, _repo(visibility), perm)

    assert (refusal[0] if refusal else None) == status


@pytest.mark.parametrize("need", [AccessLevel.READ, AccessLevel.WRITE, AccessLevel.ADMIN])
def test_a_missing_repository_is_401_to_a_guest_and_404_to_anyone_else(need: AccessLevel) -> None:
    assert refuse_repo(need, GUEST, None, None) == (401, "Unauthorized")
    assert refuse_repo(need, SYSADMIN, None, None) == (404, "Not Found")


def test_users_routes_know_guests_users_and_administrators() -> None:
    assert refuse_user(AccessLevel.USER, GUEST) == (401, "Unauthorized")
    assert refuse_user(AccessLevel.SYSADMIN, STRANGER) == (403, "Forbidden")
    assert refuse_user(AccessLevel.SYSADMIN, SYSADMIN) is None


def test_an_organization_refuses_strangers_with_401_forbidden() -> None:
    assert refuse_org(STRANGER, "octo") == (401, "Forbidden")
    assert refuse_org(User(5, "octo"), "octo") is None
    assert refuse_org(GUEST, "octo") == (401, "Unauthorized")


# -- the life of a build


def _running(*statuses: str) -> tuple[Build, Stage]:
    stage = Stage(1, 1, 1, 1, "default")
    build = Build(id=1, number=1, stages=[stage])
    lifecycle.accept(stage, "runner")
    steps = [Step(number, 1, number, f"s{number}") for number in range(1, len(statuses) + 1)]
    lifecycle.start_stage(build, stage, steps, 100)
    for step, status in zip(steps, statuses, strict=True):
        if status != "pending":
            lifecycle.start_step(step, 101)
        if status in ("success", "failure", "error"):
            error = "no such image" if status == "error" else ""
            lifecycle.finish_step(step, 1 if status == "failure" else 0, error, 102)
    return build, stage


def test_versions_grow_as_drones_do() -> None:
    build, stage = _running("success")
    lifecycle.finish_stage(build, stage, 110)

    assert (build.version, stage.version, stage.steps[0].version) == (3, 4, 4)
    assert (build.status, build.finished, build.updated) == ("success", 110, 100)


def test_a_failed_step_fails_the_stage_whose_own_exit_code_stays_0() -> None:
    build, stage = _running("success", "failure")
    lifecycle.finish_stage(build, stage, 110)

    assert (build.status, stage.status, stage.exit_code) == ("failure", "failure", 0)


def test_a_runners_own_failure_is_an_error_with_255() -> None:
    build, stage = _running("error")
    lifecycle.finish_stage(build, stage, 110)

    assert (build.status, stage.exit_code, stage.error, stage.steps[0].exit_code) == (
        "error",
        255,
        "no such image",
        255,
    )


def test_an_ignored_failure_does_not_fail_the_stage() -> None:
    build, stage = _running("failure")
    stage.steps[0].errignore = True
    lifecycle.finish_stage(build, stage, 110)

    assert build.status == "success"


def test_a_cancel_kills_what_runs_and_skips_the_rest() -> None:
    build, stage = _running("success", "running", "pending")

    assert lifecycle.cancel(build, 120)
    assert (build.status, stage.status) == ("killed", "killed")
    assert [(step.status, step.exit_code) for step in stage.steps] == [
        ("success", 0),
        ("killed", 130),
        ("skipped", 130),
    ]
    assert not lifecycle.cancel(build, 130)
    assert build.finished == 120


def test_a_cancel_of_a_declined_build_skips_its_blocked_stages() -> None:
    stages = [Stage(n, 1, 1, n, f"s{n}", status="blocked") for n in (1, 2)]
    build = Build(stages=stages)
    lifecycle.decline(build, stages[1])

    assert not lifecycle.cancel(build, 5)
    assert [stage.status for stage in stages] == ["skipped", "declined"]
    assert (build.status, build.finished) == ("declined", 0)


def test_an_approved_stage_waits_for_those_it_depends_on() -> None:
    free, bound = Stage(1, 1, 1, 1, "a", status="blocked"), Stage(2, 1, 1, 2, "b", status="blocked", depends_on=["a"])
    lifecycle.approve(free)
    lifecycle.approve(bound)

    assert (free.status, bound.status) == ("pending", "waiting_on_dependencies")
    with pytest.raises(lifecycle.TransitionRefused, match='Cannot approve a Pipeline with Status "pending"'):
        lifecycle.approve(free)


def test_declining_a_build_stops_at_the_first_stage_that_is_not_blocked() -> None:
    stages = [Stage(1, 1, 1, 1, "a", status="blocked"), Stage(2, 1, 1, 2, "b", status="pending")]

    with pytest.raises(lifecycle.TransitionRefused):
        lifecycle.decline_all(Build(stages=stages))
    assert stages[0].status == "declined"


def test_a_declined_stage_keeps_a_build_from_ever_finishing() -> None:
    build = Build(status="running", stages=[Stage(1, 1, 1, 1, "a", status="declined")])

    assert not lifecycle.finish_build(build, 9)


# -- paging, cron, logs


@pytest.mark.parametrize(
    ("page", "per_page", "expected"),
    [
        ("", "", range(25)),
        ("0", "10", range(10)),
        ("2", "10", range(10, 20)),
        ("1", "101", range(25)),
        ("9", "100", []),
    ],
)
def test_pages(page: str, per_page: str, expected: list[int]) -> None:
    assert select_page(list(range(200)), page, per_page) == list(expected)


@given(st.text(max_size=5), st.text(max_size=5))
def test_no_paging_parameter_is_an_error(page: str, per_page: str) -> None:
    assert len(select_page(list(range(300)), page, per_page)) <= 100


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("@daily", 86400),
        ("@hourly", 3600),
        ("@every 1h30m", 5400),
        ("0 30 1 * * *", 5400),
        ("*/15 * * * * *", 15),
        ("0 0 0 2 1 *", 86400),
        ("30 1 * * *", 90),
    ],
)
def test_cron_expressions_begin_with_seconds(expression: str, seconds: int) -> None:
    assert next_time(expression, 0) == seconds


@pytest.mark.parametrize("expression", ["", "* *", "61 * * * * *", "nonsense", "0 0 0 30 2 *", "@every soon"])
def test_what_is_no_cron_expression_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        next_time(expression, 0)


def test_lines_keep_their_own_ends_and_spread_over_the_duration() -> None:
    lines = Output("a\r\nb\n\nlast").lines(8)

    assert [(line.pos, line.out, line.time) for line in lines] == [
        (0, "a\r\n", 0),
        (1, "b\n", 2),
        (2, "\n", 4),
        (3, "last", 6),
    ]
    assert [len(batch) for batch in split_into_batches(lines)] == [1, 1, 1, 1]


def test_a_step_that_printed_nothing_uploads_null() -> None:
    assert encode_upload([]) == b"null\n"


def test_a_long_log_loses_its_head_and_its_stream_its_tail() -> None:
    lines = Output("".join(f"line {n:05} {'x' * 100}\n" for n in range(60_000))).lines(60)

    stored = json.loads(encode_upload(lines))

    assert stored[0]["pos"] > 0
    assert stored[-1]["pos"] == 59_999
    assert sum(len(line["out"]) for line in stored) <= LIMIT
    assert sum(len(batch) for batch in split_into_batches(lines)) < 60_000
