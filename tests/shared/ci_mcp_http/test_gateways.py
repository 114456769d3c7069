from __future__ import annotations

from typing import Any

import pytest

from ci_mcp_http.gateways import find_gateway_error
from ci_mcp_http.response import Response
from ci_mcp_kit.errors import RateLimited, ServiceError, ServiceFailed, TimedOut, UnexpectedAnswer
from support.forge import COMMENT, FORGE, READ

HTML = {"content-type": "text/html; charset=utf-8"}
JSON = {"content-type": "application/json"}


def find(status: int, headers: dict[str, str] | None = None, body: bytes = b"", **more: Any) -> ServiceError | None:
    response = Response(status=status, headers=headers or {}, body=body, **more)
    return find_gateway_error(READ, response, FORGE, {"project": "octo/hello"})


@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 409, 418, 500, 501])
def test_json_with_a_status_that_a_service_gives_is_its_own_answer(status: int) -> None:
    assert find(status, JSON, b"{}") is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, UnexpectedAnswer),
        (429, RateLimited),
        (502, ServiceFailed),
        (503, ServiceFailed),
        (504, TimedOut),
    ],
)
def test_what_proxies_answer_is_theirs_whatever_its_type(status: int, kind: type[ServiceError]) -> None:
    for headers in (JSON, HTML):
        error = find(status, headers, b"{}")
        assert type(error) is kind
        assert error.service is FORGE
        assert error.status == status


@pytest.mark.parametrize("status", [200, 401, 404, 500])
@pytest.mark.parametrize(("headers", "body"), [(HTML, b""), ({}, b" <!DOCTYPE html>"), (JSON, b"<HTML>")])
def test_a_web_page_is_no_answer_of_an_api(status: int, headers: dict[str, str], body: bytes) -> None:
    error = find(status, headers, body)
    assert type(error) is UnexpectedAnswer
    assert "web page" in error.message
    assert "Forge" in error.next_step


@pytest.mark.parametrize("status", [429, 503])
def test_the_time_that_a_gateway_asks_for_is_a_detail_beside_those_of_the_call(status: int) -> None:
    waits, leaves_open = find(status, retry_after=7.0), find(status)
    assert waits is not None
    assert leaves_open is not None
    assert waits.details == {"project": "octo/hello", "retry_after": 7.0}
    assert leaves_open.details == {"project": "octo/hello"}


def test_a_call_that_broke_in_a_gateway_may_have_been_carried_out() -> None:
    error = find_gateway_error(COMMENT, Response(status=502), FORGE, {})
    assert error is not None
    assert not error.retryable
    assert "may have happened" in error.next_step


def test_a_redirect_is_named_without_what_its_address_may_hide() -> None:
    error = find(302, {"location": "https://joe:pw@sso.example.com/in?state=secret#x"})
    assert error is not None
    assert "https://sso.example.com/in;" in error.message
    assert error.next_step.startswith("Set FORGE_URL to the address that Forge itself answers at")


@pytest.mark.parametrize("location", ["", "http://[", "//\x00"])
def test_a_redirect_to_nowhere_is_still_a_redirect(location: str) -> None:
    error = find(301, {"location": location})
    assert error is not None
    assert "redirects" in error.message
