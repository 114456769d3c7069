"""The client understands every recorded answer to a request that it sends: as data, or as the error that it means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_http.sse import EventParser, ServerEvent
from ci_mcp_kit.answer import to_json
from ci_mcp_kit.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    ServiceFailed,
)
from coder_client import calls
from coder_client.errors import AgentUnavailable, Deleted, NotOffered
from coder_client.responses import read_event
from support.coder_captures import CODER_CAPTURES, CoderCapture, coder_capture

if TYPE_CHECKING:
    from ci_mcp_http.call import Call
    from coder_client.models import Workspace

ID = "[0-9a-f-]{36}"
ANY_ID = "195ebb67-8f4e-478d-8c9a-e60a31dbbc78"
APP = "admin", "shop-dev", "main", "ai"
ROUTES: tuple[tuple[str, Call[Any]], ...] = (
    (r"GET /api/v2/workspaces", calls.list_workspaces()),
    (r"GET /api/v2/users/[^/]+/workspace/[^/]+", calls.get_workspace("me", "shop-dev")),
    (r"GET /api/v2/workspaces/[^/]+", calls.get_workspace_by_id(ANY_ID)),
    (rf"GET /api/v2/workspaces/{ID}/watch", calls.watch_workspace(ANY_ID)),
    (rf"GET /api/v2/workspaces/{ID}/builds", calls.list_builds(ANY_ID, limit=20)),
    (rf"GET /api/v2/workspacebuilds/{ID}/parameters", calls.list_build_parameters(ANY_ID)),
    (r"GET /api/v2/users/me", calls.get_user()),
    (r"GET /api/v2/templates", calls.list_templates()),
    (rf"GET /api/v2/templateversions/{ID}/rich-parameters", calls.list_parameters(ANY_ID)),
    (rf"GET /api/v2/templateversions/{ID}/presets", calls.list_presets(ANY_ID)),
    (rf"POST /api/v2/templateversions/{ID}/dynamic-parameters/evaluate", calls.evaluate_parameters(ANY_ID, ANY_ID, {})),
    (r"POST /api/v2/users/[^/]+/workspaces", calls.create_workspace("me", "shop-dev", ANY_ID, {})),
    (rf"POST /api/v2/workspaces/{ID}/builds", calls.create_build(ANY_ID, "stop", {})),
    (r"GET (/@[^/]+/[^/]+/apps/[^/]+)?/messages", calls.get_messages(*APP)),
    (r"GET (/@[^/]+/[^/]+/apps/[^/]+)?/status", calls.get_agent_status(*APP)),
    (r"POST (/@[^/]+/[^/]+/apps/[^/]+)?/message", calls.send_message(*APP, "Go on")),
)
# The kind of the error by status; 404 of a route that is missing, and refusals of the app proxy, are told apart below.
KINDS: dict[int, type[ServiceError]] = {
    400: InvalidInput,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    410: Deleted,
    422: InvalidInput,
    429: RateLimited,
    500: ServiceFailed,
}


def call_of(capture: CoderCapture) -> Call[Any] | None:
    asked = f"{capture.request['method']} {capture.path}"
    return next((call for pattern, call in ROUTES if re.fullmatch(pattern, asked)), None)


def read(name: str) -> Any:
    capture = coder_capture(name)
    call = call_of(capture)
    assert call is not None
    if capture.headers.get("Content-Type") == "text/event-stream":
        (event,) = EventParser().feed(str(capture.body).encode())
        return read_event(call, event)
    return call.read(call, capture.response)


def error_of(name: str) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        read(name)
    return caught.value


USED = [name for name, capture in CODER_CAPTURES.items() if call_of(capture)]
SUCCESSES = [name for name in USED if CODER_CAPTURES[name].status < 300]
REFUSALS = [name for name in USED if CODER_CAPTURES[name].status >= 300 and "/apps/" not in CODER_CAPTURES[name].path]


def test_every_route_has_been_recorded() -> None:
    assert len(SUCCESSES) > 60
    assert {call.operation for _, call in ROUTES} == {
        call.operation for name in SUCCESSES if (call := call_of(CODER_CAPTURES[name]))
    }


@pytest.mark.parametrize("name", SUCCESSES)
def test_a_recorded_answer_is_read(name: str) -> None:
    assert read(name) is not None


@pytest.mark.parametrize("name", REFUSALS)
def test_a_recorded_refusal_becomes_the_error_that_it_means(name: str) -> None:
    error = error_of(name)
    assert isinstance(error, KINDS[CODER_CAPTURES[name].status])
    assert error.service.name == "Coder"


def test_a_missing_route_is_told_from_a_missing_workspace() -> None:
    call = calls.list_templates()
    with pytest.raises(NotOffered):
        call.read(call, coder_capture("meta/route-missing").response)
    assert not isinstance(error_of("workspaces/get-missing"), NotOffered)


def test_a_workspace_that_was_deleted_is_told_from_one_that_never_was() -> None:
    assert isinstance(error_of("workspaces/get-deleted"), Deleted)
    assert "history" in error_of("workspaces/get-deleted").next_step


def test_the_limit_of_requests_says_how_long_to_wait() -> None:
    call = calls.get_user()
    with pytest.raises(RateLimited, match="512 requests") as caught:
        call.read(call, coder_capture("rate/429").response)
    assert caught.value.details["retry_after"] == 60


@pytest.mark.parametrize(
    "name", ["apps/proxy-stopped", "apps/proxy-agent-disconnected", "apps/proxy-no-such-app", "apps/proxy-me"]
)
def test_a_page_of_the_app_proxy_means_that_the_agent_cannot_be_reached(name: str) -> None:
    error = error_of(name)
    assert isinstance(error, AgentUnavailable)
    assert "html" not in str(error).lower()


def test_a_redirect_of_the_app_proxy_to_the_login_page_is_about_the_token() -> None:
    assert isinstance(error_of("apps/proxy-no-token"), AuthenticationFailed)


def test_a_refused_field_is_named() -> None:
    error = error_of("workspaces/create-invalid-option")
    assert "Value must be a valid option" in str(error)
    assert error.details["fields"] == ["role"]


def test_the_application_that_refuses_a_message_is_quoted() -> None:
    assert "message must not be empty" in str(error_of("agentapi/message-empty"))


def test_an_error_in_a_stream_is_an_error_that_may_pass() -> None:
    event = ServerEvent("error", '{"message":"Internal error fetching workspace."}')
    with pytest.raises(ServiceFailed, match="Internal error fetching workspace") as caught:
        read_event(calls.watch_workspace(ANY_ID), event)
    assert caught.value.retryable


def test_nothing_secret_of_a_workspace_is_read() -> None:
    workspace: Workspace = read("contract/workspace-second-task")
    text = to_json(workspace)
    assert "reviewer" in text
    assert [word for word in ("AGENT_ROLE", "startup", "hidden-in-the-ui-only", "fake_agentapi") if word in text] == []


def test_a_report_is_shown_as_the_agent_wrote_it() -> None:
    workspace: Workspace = read("status/workspace-with-statuses")
    messages = [
        status.message for agent in workspace.latest_build.agents for app in agent.apps for status in app.statuses
    ]
    assert any('"' in message for message in messages)
    assert not any("&#34;" in message for message in messages)


def test_older_builds_keep_their_metadata_and_lose_their_agents() -> None:
    builds = read("contract/history-after-delete")
    assert [build.build_number for build in builds] == [4, 3, 2, 1]
    assert [build.metadata().get("task") for build in builds] == [None, "Task two", "Task two", "Task one"]
    assert not any(build.agents for build in builds)
