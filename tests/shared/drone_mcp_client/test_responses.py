from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from ci_mcp_http.response import Response
from ci_mcp_http.sse import SILENCE, ServerEvent
from drone_mcp_client import calls
from drone_mcp_client.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    ServiceFailed,
    TimedOut,
    UnexpectedAnswer,
)
from drone_mcp_client.responses import is_end, read_event
from drone_mcp_client.steplog import StepLog

if TYPE_CHECKING:
    from ci_mcp_http.call import Call

T = TypeVar("T")

JSON = "application/json"
HTML = "text/html; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"
PAGE = b"<!DOCTYPE html><html><body>hello</body></html>"
BUILD = calls.build("octo/hello", 7)
RESTART = calls.restart_build("octo/hello", 7)
LOG = calls.log("octo/hello", 7, 1, 2)


def said(message: str) -> bytes:
    return json.dumps({"message": message}).encode() + b"\n"


def read(call: Call[T], status: int, content_type: str, body: bytes, *, location: str = "", **more: Any) -> T:
    headers = {"content-type": content_type, "location": location}
    return call.read(call, Response(status=status, headers=headers, body=body, **more))


def failure(call: Call[Any], status: int, content_type: str, body: bytes, **more: Any) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        read(call, status, content_type, body, **more)
    return caught.value


def test_a_null_build_is_none_where_drone_may_skip_a_build() -> None:
    assert read(RESTART, 200, JSON, b"null\n") is None


def test_a_null_build_is_no_answer_where_a_build_was_asked_for() -> None:
    assert type(failure(BUILD, 200, JSON, b"null\n")) is UnexpectedAnswer


@pytest.mark.parametrize("body", [b"null\n", b"", b"[]\n", b' [{"pos":0,"out":"","time":0}] '])
def test_a_log_without_text_is_empty(body: bytes) -> None:
    assert read(LOG, 200, JSON, body) == StepLog()


def test_a_null_list_inside_an_answer_is_empty() -> None:
    build = read(BUILD, 200, JSON, b'{"number":1,"status":"success","stages":null,"params":null}')
    assert (build.stages, build.params) == ((), {})


def test_a_status_and_a_field_of_a_newer_drone_survive() -> None:
    build = read(BUILD, 200, JSON, b'{"number":1,"status":"pondering","mood":"good"}')
    assert build.status == "pondering"


@pytest.mark.parametrize("status", [200, 204])
def test_a_call_without_an_answer_reads_nothing(status: int) -> None:
    assert read(calls.approve_stage("octo/hello", 7, 1), status, "", b"") is None


@pytest.mark.parametrize("call", [BUILD, LOG, calls.decline_build("octo/hello", 7)], ids=lambda call: call.operation)
@pytest.mark.parametrize("content_type", [HTML, "", PLAIN])
def test_a_web_page_with_status_200_means_a_wrong_address(call: Call[Any], content_type: str) -> None:
    error = failure(call, 200, content_type, PAGE)
    assert type(error) is UnexpectedAnswer
    assert "web page" in error.message
    assert "DRONE_SERVER" in error.next_step


def test_a_plain_404_is_a_route_that_this_server_does_not_have() -> None:
    error = failure(BUILD, 404, PLAIN, b"404 page not found\n")
    assert type(error) is UnexpectedAnswer
    assert "no route" in error.message
    assert "/api" in error.next_step


def test_an_empty_405_is_a_route_that_this_server_does_not_have() -> None:
    assert "no route" in failure(BUILD, 405, "", b"").message


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_a_web_page_with_an_error_status_is_not_taken_for_drones_word(status: int) -> None:
    error = failure(BUILD, status, HTML, PAGE, with_token=True)
    assert type(error) is UnexpectedAnswer
    assert "in front of Drone" in error.next_step


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize(("content_type", "body"), [(HTML, PAGE), (PLAIN, b"bad gateway"), ("", b"")])
def test_a_proxy_that_cannot_reach_drone_is_worth_another_try(status: int, content_type: str, body: bytes) -> None:
    error = failure(BUILD, status, content_type, body)
    assert error.retryable
    assert type(error) is (TimedOut if status == 504 else ServiceFailed)


def test_a_restart_that_broke_in_a_proxy_is_left_open() -> None:
    error = failure(RESTART, 502, HTML, PAGE)
    assert not error.retryable
    assert "may have happened" in error.next_step


def test_a_guest_is_told_to_set_a_token() -> None:
    error = failure(BUILD, 401, JSON, said("Unauthorized"))
    assert type(error) is AuthenticationFailed
    assert "no token is set" in error.message
    assert "DRONE_TOKEN" in error.next_step


def test_an_unknown_token_is_explained_as_a_guest_who_is_told_nothing_of_repositories() -> None:
    error = failure(BUILD, 401, JSON, said("Unauthorized"), with_token=True)
    assert type(error) is AuthenticationFailed
    assert "guest" in error.message
    assert "octo/hello exists" in error.message
    assert "GET /api/user" in error.next_step


@pytest.mark.parametrize(("status", "words"), [(401, "Forbidden"), (403, "Forbidden")])
def test_a_known_user_without_the_right_is_denied_not_asked_for_a_token(status: int, words: str) -> None:
    assert type(failure(calls.templates(), status, JSON, said(words), with_token=True)) is PermissionDenied


def test_a_repository_may_be_missing_or_closed_to_this_token() -> None:
    error = failure(BUILD, 404, JSON, said("Not Found"))
    assert type(error) is NotFound
    assert "no repository octo/hello, or the token's user lacks access" in error.message
    assert error.details == {
        "repo": "octo/hello",
        "reason": "repo_missing_or_no_access",
        "drone_message": "Not Found",
    }


def test_what_belongs_to_no_repository_may_be_missing_too() -> None:
    error = failure(calls.org_secrets("octo"), 404, JSON, said("Not Found"))
    assert error.message == "Drone does not have the secrets of octo"


def test_a_write_to_a_readable_repository_names_the_missing_right() -> None:
    assert "right to change" in failure(RESTART, 404, JSON, said("Not Found")).message


def test_a_missing_build_of_a_present_repository_is_distinguished_from_a_missing_repository() -> None:
    error = failure(BUILD, 404, JSON, said("sql: no rows in result set"))
    assert error.message == "Drone does not have build octo/hello#7"
    assert error.details["reason"] == "missing"
    assert error.details["drone_message"] == "sql: no rows in result set"


def test_a_branch_without_builds_is_named() -> None:
    call = calls.latest_build("octo/hello", branch="main")
    assert "any build on 'main' of octo/hello" in failure(call, 404, JSON, said("sql: no rows in result set")).message


def test_drones_own_words_for_a_missing_stage_are_kept() -> None:
    error = failure(calls.approve_stage("octo/hello", 7, 9), 404, JSON, said("Stage not found"))
    assert "Stage not found" in error.message


def test_a_missing_log_says_when_a_step_has_one() -> None:
    error = failure(LOG, 404, JSON, said("sql: no rows in result set"))
    assert type(error) is NotFound
    assert error.details["reason"] == "log_missing"
    assert "finished" in error.next_step


def test_a_log_of_a_missing_repository_is_no_missing_log() -> None:
    assert failure(LOG, 404, JSON, said("Not Found")).details["reason"] == "repo_missing_or_no_access"


def test_a_build_that_moved_meanwhile_is_a_conflict() -> None:
    error = failure(calls.cancel_build("octo/hello", 7), 409, JSON, said("Optimistic Lock Error"))
    assert type(error) is Conflict
    assert error.retryable


@pytest.mark.parametrize(
    "words",
    [
        "UNIQUE constraint failed: secrets.secret_name",
        "Error 1062: Duplicate entry 'x' for key",
        'pq: duplicate key value violates unique constraint "secrets_name"',
    ],
)
def test_a_duplicate_that_the_database_refuses_is_a_conflict_that_stays(words: str) -> None:
    error = failure(RESTART, 500, JSON, said(words))
    assert type(error) is Conflict
    assert not error.retryable


def test_a_missing_pipeline_file_is_guessed_behind_the_500_that_drone_gives_for_it() -> None:
    error = failure(calls.create_build("octo/hello"), 500, JSON, said("Not Found"))
    assert type(error) is ServiceFailed
    assert ".drone.yml" in error.message


def test_a_fault_of_drone_is_not_called_passing() -> None:
    error = failure(BUILD, 500, JSON, said("disk I/O error"))
    assert type(error) is ServiceFailed
    assert "disk I/O error" in error.message
    assert not error.retryable


def test_the_open_source_build_is_recognised() -> None:
    error = failure(calls.crons("octo/hello"), 501, JSON, said("Not Implemented"))
    assert "built without the scheduled jobs of octo/hello" in error.message
    assert "open-source" in error.next_step


def test_a_licence_at_its_limit_is_the_administrators_matter() -> None:
    assert "administrator" in failure(BUILD, 402, JSON, said("Repository limit exceeded")).next_step


@pytest.mark.parametrize(("later", "details"), [(7.0, {"retry_after": 7.0}), (None, {})])
def test_a_proxy_that_asks_to_slow_down_is_quoted_with_its_time(later: float | None, details: dict[str, Any]) -> None:
    error = failure(BUILD, 429, HTML, PAGE, retry_after=later)
    assert type(error) is RateLimited
    assert error.details == {"repo": "octo/hello", **details}
    assert ("details.retry_after" in error.next_step) is (later is not None)


def test_a_refused_argument_carries_drones_words() -> None:
    error = failure(RESTART, 400, JSON, said("cannot start a declined build"))
    assert type(error) is InvalidInput
    assert "cannot start a declined build" in error.message


def test_a_redirect_is_named_without_what_its_address_may_hide() -> None:
    error = failure(BUILD, 302, HTML, b"", location="https://joe:pw@sso.example.com/in?state=secret#x")
    assert type(error) is UnexpectedAnswer
    assert "https://sso.example.com/in;" in error.message
    assert "token would travel" in error.message


@pytest.mark.parametrize("location", ["", "http://[", "//\x00"])
def test_a_redirect_to_nowhere_is_still_a_redirect(location: str) -> None:
    assert "redirects" in failure(BUILD, 301, "", b"", location=location).message


@pytest.mark.parametrize("status", [406, 418, 451])
def test_a_status_that_drone_never_gives_is_unexpected(status: int) -> None:
    assert str(status) in failure(BUILD, status, PLAIN, b"who knows").message


@pytest.mark.parametrize(
    "body", [b'{"number":1,"status":"suc', b"[]", b'{"status":"success"}', b'"x"', b"\xff\xfe", b"", b"[" * 9999]
)
@pytest.mark.parametrize("call", [BUILD, LOG], ids=lambda call: call.operation)
def test_json_that_is_cut_or_alien_is_reported_as_such(call: Call[Any], body: bytes) -> None:
    if call is LOG and body in {b"[]", b""}:
        return
    error = failure(call, 200, JSON, body)
    assert type(error) is UnexpectedAnswer
    assert call.subject in error.message


def test_an_alien_answer_is_not_echoed_and_hangs_on_no_error() -> None:
    error = failure(BUILD, 200, JSON, json.dumps({"number": "s3cret" * 1000, "status": 5}).encode())
    assert "s3cret" not in error.message
    assert len(error.message) < 400
    assert error.__context__ is None


def test_words_in_an_error_are_one_bounded_line_of_printable_characters() -> None:
    error = failure(BUILD, 500, JSON, said("bad\n\x1b[31mred\u202egnp\u200b" + "x" * 5000))
    assert error.message.isprintable()
    assert len(error.message) < 400


@pytest.mark.parametrize("body", [b'{"message":null}', b'{"message":{"a":[1]}}', b"[]", b"3", b"{", b"[" * 9999])
def test_any_error_body_makes_some_error(body: bytes) -> None:
    assert isinstance(failure(BUILD, 500, JSON, body), ServiceFailed)


def test_a_streams_own_error_is_drones_fault() -> None:
    with pytest.raises(ServiceFailed, match=r"broke off .*: no luck") as caught:
        read_event(calls.feed(), ServerEvent("error", "no\nluck"))
    assert caught.value.retryable


def test_an_alien_event_is_unexpected() -> None:
    with pytest.raises(UnexpectedAnswer):
        read_event(calls.feed("octo/hello"), ServerEvent("message", "{"))


def test_only_eof_is_the_normal_end_of_a_stream() -> None:
    assert is_end(ServerEvent("error", "eof"))
    assert not is_end(ServerEvent("error", "boom"))
    assert not is_end(ServerEvent("message", "eof"))
    assert not is_end(SILENCE)


def test_the_same_answer_has_the_same_reader() -> None:
    assert calls.build("octo/hello", 7) == BUILD
    other: Call[Any] = LOG
    assert other.read is not BUILD.read
