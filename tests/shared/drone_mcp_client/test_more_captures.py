"""Every answer of a second recorded session with a real Drone 2.25.0 is read by the model of its route."""

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
from drone_mcp_client.responses import read_event
from drone_mcp_client.steplog import StepLog
from support.captures import more_captures, more_deliveries, more_transcript
from support.lost_values import dumped, lost

if TYPE_CHECKING:
    from support.captures import Capture

REPO = "/api/repos/[^/]+/[^/]+"
# The first route that matches a request says how a good answer is read; None where it has nothing to be read.
ROUTES: tuple[tuple[str, Any], ...] = (
    (rf"GET {REPO}/builds/\d+/logs/\d+/\d+", StepLog),
    (rf"GET {REPO}/builds(?:/branches|/pulls|/deployments)?", tuple[Build, ...]),
    (rf"POST {REPO}/builds/\d+/(?:approve|decline)/\w+", None),
    (rf"DELETE {REPO}/builds/(?:branches|pulls|deployments)/\w+", None),
    (rf"\w+ {REPO}/builds.*|POST /hook", Build | None),
    (rf"POST {REPO}/cron/[\w-]+", Build),
    (rf"\w+ {REPO}/cron.*", Cron | None),
    (rf"(?:POST|PATCH|GET|DELETE) (?:{REPO}/secrets/\w+|/api/secrets/\w+/\w+)", Secret | None),
    (rf"POST (?:{REPO}/secrets|/api/secrets/\w+)", Secret),
    (rf"GET (?:{REPO}/secrets|/api/secrets(?:/\w+)?)", tuple[Secret, ...]),
    (r"GET /api/templates(?:/\w+)?", tuple[Template, ...]),
    (r"\w+ /api/templates/.*", Template),
    (rf"\w+ {REPO}/collaborators/\w+", Permissions),
    (rf"POST {REPO}/(?:sign|encrypt.*)", dict[str, str]),
    (rf"\w+ {REPO}/cards/.*", Any),
    (r"POST /api/user/repos", None),
    (r"GET /api/(?:repos|user/repos|user/remote/repos|user/builds/recent|users/\w+/repos)", tuple[Repo, ...]),
    (r"\w+ (?:/api/repos/.*|/api/user/remote/repos/.*)", Repo),
    (r"(?:GET|PATCH|POST|DELETE) /api/users?(?:/.*)?", User),
    (r"\w+ /api/queue", None),
)
NOTHING = 204
NO_JSON = re.compile(r"/api/badges/|/metrics|/link/")
BY_STATUS: dict[int, tuple[type[ServiceError], ...]] = {
    400: (InvalidInput,),
    401: (AuthenticationFailed, NotFound, PermissionDenied),
    403: (PermissionDenied,),
    404: (NotFound,),
    500: (Conflict, ServiceFailed),
}
# Drone shows a new token this once, with a note about it; the library never keeps them.
NEVER_KEPT = {"token", "message"}

CAPTURES = [capture for capture in more_captures() if not NO_JSON.search(capture.path)]


def model_of(capture: Capture) -> Any:
    request = f"{capture.request['method']} {capture.path}"
    found = next(model for route, model in ROUTES if re.fullmatch(route, request))
    return found if capture.status != NOTHING else None


def read(capture: Capture) -> Any:
    method, model = capture.request["method"], model_of(capture)
    repo = "/".join(capture.path.split("/")[3:5]) if capture.path.startswith("/api/repos/") else None
    call = (
        get("test", "the thing", capture.path, model, repo=repo)
        if method == "GET"
        else change("test", "the thing", method, capture.path, model, repo=repo)
    )
    headers = {"content-type": capture.content_type}
    with_token = capture.request["token"] is not None
    return call.read(call, Response(status=capture.status, headers=headers, body=capture.body, with_token=with_token))


def test_the_whole_session_is_here() -> None:
    assert [int(capture.name[:3]) for capture in more_captures()] == list(range(111, 284))


@pytest.mark.parametrize("capture", [c for c in CAPTURES if c.status < 300], ids=lambda capture: str(capture.name))
def test_a_success_is_read_without_losing_a_key_or_a_value(capture: Capture) -> None:
    answer = read(capture)
    if not capture.body or model_of(capture) in (None, StepLog, Any):
        return
    sent = json.loads(capture.body)
    kept = {key: value for key, value in sent.items() if key not in NEVER_KEPT} if isinstance(sent, dict) else sent
    assert list(lost(kept, dumped(answer))) == []


@pytest.mark.parametrize("capture", [c for c in CAPTURES if c.status >= 400], ids=lambda capture: str(capture.name))
def test_a_failure_is_an_error_of_its_status(capture: Capture) -> None:
    with pytest.raises(ServiceError) as caught:
        read(capture)
    assert isinstance(caught.value, BY_STATUS[capture.status])
    assert not isinstance(caught.value, UnexpectedAnswer)
    assert caught.value.status == capture.status


@pytest.mark.parametrize(
    "capture",
    [c for c in CAPTURES if model_of(c) is StepLog and c.status == 200],
    ids=lambda capture: str(capture.name),
)
def test_a_log_keeps_every_character(capture: Capture) -> None:
    written = "".join(line["out"] for line in json.loads(capture.body) or [])
    assert read(capture).text == written.replace("\r\n", "\n").removesuffix("\n")


def test_every_webhook_is_an_event_without_losing_a_key() -> None:
    bodies = more_deliveries()
    assert len(bodies) == 86
    for body in bodies:
        assert list(lost(json.loads(body), dumped(Event.model_validate_json(body)))) == []


def test_the_feed_of_a_repository_is_read_whole() -> None:
    events = list(EventParser().feed(more_transcript()))
    assert len(events) > 10
    for event in events:
        assert list(lost(json.loads(event.data), dumped(read_event(calls.feed(), event)))) == []
