"""Every captured answer of a real Drone, in two sessions, goes through the call that asks for it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_http.response import Response
from ci_mcp_http.sse import EventParser
from drone_mcp_client import calls
from drone_mcp_client.call_builders import change, get
from drone_mcp_client.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ServiceError,
    ServiceFailed,
    UnexpectedAnswer,
)
from drone_mcp_client.models import Build, Cron, Event, Permissions, Repo, Secret, Template, User
from drone_mcp_client.responses import is_end, read_as, read_event
from drone_mcp_client.steplog import StepLog
from support.captured_builds import deliveries
from support.captures import all_captures, more_captures, more_deliveries, more_transcript, transcript
from support.lost_values import dumped, lost

if TYPE_CHECKING:
    from ci_mcp_http.call import Call
    from support.captures import Capture

REPO = "octo/pub"
REPO_PATH = "/api/repos/[^/]+/[^/]+"
NO_CONTENT = 204


def unspoken(method: str, path: str, answer: Any = None) -> Call[Any]:
    """A route, or a mistake in one, that the library has no function for; its answers obey the same rules."""
    repo = "/".join(path.split("/")[3:5]) if path.startswith("/api/repos/") else None
    if method == "GET":
        return get("test", "the thing", path, answer, repo=repo)
    return change("test", "the thing", method, path, answer, repo=repo)


CALLS: dict[int, Call[Any]] = {
    1: calls.version(),
    2: unspoken("GET", "/healthz"),
    3: unspoken("GET", "/varz", dict[str, Any]),
    **dict.fromkeys((4, 5, 6), calls.user()),
    **dict.fromkeys((7, 9), calls.user_repos()),
    8: unspoken("POST", "/api/user/repos", tuple[Repo, ...]),
    10: unspoken("POST", "/api/users", User),
    **dict.fromkeys((11, 12, 13), calls.users()),
    14: calls.enable_repo(REPO),
    15: calls.enable_repo("octo/priv"),
    **dict.fromkeys((16, 17, 18), calls.repo(REPO)),
    **dict.fromkeys((19, 20), calls.repo("octo/priv")),
    **dict.fromkeys((21, 22), calls.repo("octo/none")),
    23: calls.builds(REPO),
    **dict.fromkeys((24, 25, 46), calls.create_build(REPO)),
    26: calls.create_build(REPO, branch="ok", params={"FOO": "bar"}),
    27: calls.create_build(REPO, branch="nomatch"),
    28: calls.create_build(REPO, branch="bad"),
    29: calls.create_build(REPO, branch="doesnotexist"),
    **dict.fromkeys((30, 43), calls.build(REPO, 1)),
    **dict.fromkeys((31, 56), calls.queue()),
    32: calls.incomplete(),
    33: calls.incomplete_stages(),
    **dict.fromkeys((34, 57), calls.stats()),
    35: calls.build(REPO, 2),
    36: calls.build(REPO, 99),
    37: unspoken("GET", "/api/repos/octo/pub/builds/abc", Build),
    38: calls.latest_build(REPO),
    **dict.fromkeys((39, 44, 102), calls.log(REPO, 1, 1, 1)),
    40: calls.approve_stage(REPO, 1, 1),
    41: calls.decline_stage(REPO, 1, 1),
    42: unspoken("POST", "/api/repos/octo/pub/builds/1/promote", Build | None),
    45: calls.latest_build(REPO, branch="ok"),
    47: calls.build(REPO, 3),
    **{47 + step: calls.log(REPO, 3, 1, step) for step in (1, 2, 3, 4, 5)},
    53: calls.create_build(REPO, branch="slow"),
    **dict.fromkeys((54, 60), calls.build(REPO, 4)),
    **dict.fromkeys((55, 59, 61), calls.log(REPO, 4, 1, 1)),
    **dict.fromkeys((58, 62), calls.cancel_build(REPO, 4)),
    63: calls.create_build(REPO, branch="zshort"),
    64: calls.restart_build(REPO, 1, debug=True, params={"X": "1", "FOO": "override"}),
    65: calls.promote(REPO, 1, "production", params={"P": "2", "FOO": "over"}),
    66: calls.rollback(REPO, 1, "production"),
    67: calls.create_build(REPO, branch="multi"),
    68: calls.build(REPO, 9),
    69: calls.create_build(REPO, branch="multipend"),
    70: calls.build(REPO, 10),
    71: calls.cancel_build(REPO, 10),
    72: calls.builds(REPO, per_page=5),
    73: calls.builds(REPO, per_page=5, page=2),
    74: calls.builds(REPO, branch="ok"),
    75: calls.deployments(REPO),
    76: calls.branches(REPO),
    77: calls.user_builds(),
    78: calls.user_repos(latest=True),
    79: calls.update_repo(REPO, {"protected": True}),
    **dict.fromkeys((80, 83, 87), unspoken("POST", "/hook", Build | None)),
    81: calls.build(REPO, 11),
    82: calls.approve_stage(REPO, 11, 1),
    84: calls.decline_stage(REPO, 12, 2),
    85: calls.build(REPO, 12),
    86: calls.restart_build(REPO, 12),
    88: calls.decline_build(REPO, 13),
    89: calls.build(REPO, 13),
    **dict.fromkeys((90, 91), unspoken("POST", "/api/repos/octo/pub/secrets", Secret)),
    92: calls.secrets(REPO),
    93: calls.create_cron(REPO, "nightly", expr="@daily", branch="ok"),
    94: calls.crons(REPO),
    95: calls.run_cron(REPO, "nightly"),
    96: unspoken("POST", "/api/templates/octo", Template),
    97: unspoken("POST", "/api/secrets/octo", Secret),
    98: unspoken("POST", "/api/repos/octo/pub/sign", dict[str, str]),
    99: unspoken("POST", "/api/repos/octo/pub/encrypt", dict[str, str]),
    100: calls.collaborators(REPO),
    101: unspoken("DELETE", "/api/repos/octo/pub/builds/1/logs/1/1"),
    103: unspoken("DELETE", "/api/repos/octo/pub/builds"),
    104: calls.disable_repo(REPO),
    105: calls.create_build(REPO, branch="ok"),
    106: unspoken("GET", "/api/nosuch"),
    107: unspoken("PUT", "/api/user"),
    108: unspoken("GET", "/nosuch"),
    109: unspoken("DELETE", "/api/users/bot"),
    110: calls.create_build("octo/priv", branch="nosuchfile"),
}

ERRORS: dict[int, type[ServiceError]] = {
    **dict.fromkeys((5, 6, 13, 20, 22, 25), AuthenticationFailed),
    12: PermissionDenied,
    **dict.fromkeys((19, 21, 24, 29, 36, 38, 39, 51, 55, 102), NotFound),
    **dict.fromkeys((37, 40, 41, 42, 86), InvalidInput),
    91: Conflict,
    **dict.fromkeys((106, 107, 108), UnexpectedAnswer),
    **dict.fromkeys((98, 110), ServiceFailed),
}

# The second session: the first route that matches a request says how a good answer is read; None: there is nothing.
ROUTES: tuple[tuple[str, Any], ...] = (
    (rf"GET {REPO_PATH}/builds/\d+/logs/\d+/\d+", StepLog),
    (rf"GET {REPO_PATH}/builds(?:/branches|/pulls|/deployments)?", tuple[Build, ...]),
    (rf"POST {REPO_PATH}/builds/\d+/(?:approve|decline)/\w+", None),
    (rf"DELETE {REPO_PATH}/builds/(?:branches|pulls|deployments)/\w+", None),
    (rf"\w+ {REPO_PATH}/builds.*|POST /hook", Build | None),
    (rf"POST {REPO_PATH}/cron/[\w-]+", Build),
    (rf"\w+ {REPO_PATH}/cron.*", Cron | None),
    (rf"(?:POST|PATCH|GET|DELETE) (?:{REPO_PATH}/secrets/\w+|/api/secrets/\w+/\w+)", Secret | None),
    (rf"POST (?:{REPO_PATH}/secrets|/api/secrets/\w+)", Secret),
    (rf"GET (?:{REPO_PATH}/secrets|/api/secrets(?:/\w+)?)", tuple[Secret, ...]),
    (r"GET /api/templates(?:/\w+)?", tuple[Template, ...]),
    (r"\w+ /api/templates/.*", Template),
    (rf"\w+ {REPO_PATH}/collaborators/\w+", Permissions),
    (rf"POST {REPO_PATH}/(?:sign|encrypt.*)", dict[str, str]),
    (rf"\w+ {REPO_PATH}/cards/.*", Any),
    (r"POST /api/user/repos", None),
    (r"GET /api/(?:repos|user/repos|user/remote/repos|user/builds/recent|users/\w+/repos)", tuple[Repo, ...]),
    (r"\w+ (?:/api/repos/.*|/api/user/remote/repos/.*)", Repo),
    (r"(?:GET|PATCH|POST|DELETE) /api/users?(?:/.*)?", User),
    (r"\w+ /api/queue", None),
)
NO_JSON = re.compile(r"/api/badges/|/metrics|/link/")
BY_STATUS: dict[int, tuple[type[ServiceError], ...]] = {
    400: (InvalidInput,),
    401: (AuthenticationFailed, NotFound, PermissionDenied),
    403: (PermissionDenied,),
    404: (NotFound,),
    500: (Conflict, ServiceFailed),
}


def call_of(capture: Capture) -> Call[Any]:
    method = capture.request["method"]
    answer = next(answer for route, answer in ROUTES if re.fullmatch(route, f"{method} {capture.path}"))
    return unspoken(method, capture.path, answer if capture.status != NO_CONTENT else None)


FIRST = {int(capture.name[:3]): capture for capture in all_captures()}
SECOND = {int(capture.name[:3]): capture for capture in more_captures()}
CAPTURES = FIRST | {number: one for number, one in SECOND.items() if not NO_JSON.search(one.path)}
CALLS |= {number: call_of(CAPTURES[number]) for number in CAPTURES.keys() - FIRST.keys()}
FAILED = {
    number: BY_STATUS[SECOND[number].status] for number in CAPTURES if number in SECOND and SECOND[number].status >= 400
}
FAILED |= {number: (error,) for number, error in ERRORS.items()}

# Drone shows a new token this once, with a note about it; the library never keeps them.
NEVER_KEPT = {"token", "message"}


def answered(number: int) -> Any:
    capture = CAPTURES[number]
    response = Response(
        status=capture.status,
        headers={"content-type": capture.content_type},
        body=capture.body,
        with_token=capture.request["token"] is not None,
    )
    return CALLS[number].read(CALLS[number], response)


def named(number: int) -> str:
    return CAPTURES[number].name


def test_there_is_a_call_for_every_captured_answer() -> None:
    assert [*FIRST, *SECOND] == list(range(1, 284))
    assert CALLS.keys() == CAPTURES.keys()
    assert ERRORS.keys() <= FIRST.keys()


@pytest.mark.parametrize("number", FIRST, ids=named)
def test_the_call_is_the_request_that_was_captured(number: int) -> None:
    call, capture = CALLS[number], CAPTURES[number]
    assert (call.method, call.path) == (capture.request["method"], capture.path)
    if call.operation != "test":
        assert capture.params <= set(call.params)
        assert {key for key, _ in set(call.params) - capture.params} <= {"page", "per_page"}
        assert call.body == capture.request["body"]


@pytest.mark.parametrize("number", sorted(CALLS.keys() - FAILED.keys()), ids=named)
def test_a_captured_success_is_read_without_losing_a_key_or_a_value(number: int) -> None:
    capture, answer = CAPTURES[number], answered(number)
    if not capture.body or CALLS[number].read in {read_as(None), read_as(StepLog), read_as(Any)}:
        return
    sent = json.loads(capture.body)
    if isinstance(sent, dict) and capture.path.startswith("/api/user"):
        sent = {key: value for key, value in sent.items() if key not in NEVER_KEPT}
    assert list(lost(sent, dumped(answer))) == []


@pytest.mark.parametrize("number", sorted(FAILED), ids=named)
def test_a_captured_failure_is_the_error_with_the_remedy(number: int) -> None:
    with pytest.raises(ServiceError) as caught:
        answered(number)
    assert type(caught.value) in FAILED[number]
    assert caught.value.status == CAPTURES[number].status
    assert not caught.value.retryable


LOGS = [number for number, call in CALLS.items() if call.read is read_as(StepLog) and number not in FAILED]


@pytest.mark.parametrize("number", LOGS, ids=named)
def test_a_captured_log_keeps_every_character(number: int) -> None:
    log = answered(number)
    written = "".join(line["out"] for line in json.loads(CAPTURES[number].body) or [])
    assert log.text == written.replace("\r\n", "\n").removesuffix("\n")
    assert log.size == len(written.encode())
    assert not log.head_lost


def test_a_captured_webhook_is_an_event_without_losing_a_key() -> None:
    second = more_deliveries()
    assert len(second) == 86
    bodies = [*(delivery.body for delivery in deliveries()), *map(str.encode, second)]
    for body in bodies:
        assert list(lost(json.loads(body), dumped(Event.model_validate_json(body)))) == []


@pytest.mark.parametrize(
    ("name", "call", "count", "ends"),
    [
        ("log_normal", calls.log_stream(REPO, 5, 1, 1), 7, True),
        ("log_finished_step", calls.log_stream(REPO, 1, 1, 1), 0, True),
        ("log_cancelled_no_eof", calls.log_stream(REPO, 4, 1, 1), 9, False),
        ("global_feed", calls.feed(), None, False),
        ("repo_feed", calls.feed(), 30, False),
    ],
)
def test_a_captured_stream_is_read_to_the_end_it_has(name: str, call: Call[Any], count: int | None, ends: bool) -> None:
    events = list(EventParser().feed(more_transcript() if name == "repo_feed" else transcript(name)))
    last = bool(events) and is_end(events[-1])
    read = [read_event(call, event) for event in (events[:-1] if last else events)]
    assert last is ends
    assert len(read) == count if count is not None else len(read) > 1
    for event, item in zip(events, read, strict=False):
        assert list(lost(json.loads(event.data), dumped(item))) == []


def test_the_captures_come_from_the_release_that_their_folder_names() -> None:
    assert answered(1).version == "2.25.0"
