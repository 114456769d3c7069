"""Property 24: whatever Jenkins refuses is said in a sentence with a next step, and never as the page that came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import respx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import given, settings
from hypothesis import strategies as st

from support.jenkins import agent_of
from support.jenkins_calls import CALLS, EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.agent import Answer

CODES = {"AUTH_FAILED", "PERMISSION_DENIED", "NOT_FOUND", "INVALID_INPUT", "CONFLICT", "RATE_LIMITED", "TIMEOUT"}
STACK = "java.lang.NullPointerException\n\tat hudson.model.Job.doBuild(Job.java:1)"
LOGGING_ID = "01234567-89ab-cdef-0123-456789abcdef"
PAGES = [
    f"<html><head><title>Jenkins - Oops!</title></head><body>Logging ID={LOGGING_ID}<pre>{STACK}</pre></body></html>",
    f"<html><head><title>Error 409 app is not buildable</title></head><body><pre>{STACK}</pre></body></html>",
    f'<html><body><p class="error">dev is missing the Job/Read permission<script>x()</script><pre>{STACK}</pre></html>',
    f"<!DOCTYPE html><html><head><title>Proxy</title></head><body>{STACK}</body></html>",
    STACK,
    "",
]
SIGNS = [{}, {"X-Jenkins": "2.579"}, {"X-Jenkins": "2.579", "X-Required-Permission": "hudson.model.Item.Read"}]


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@settings(max_examples=100, deadline=None)
@given(
    status=st.integers(400, 599),
    page=st.sampled_from(PAGES),
    signs=st.sampled_from(SIGNS),
    is_html=st.booleans(),
    call=CALLS,
)
def test_property_24_errors_of_jenkins(
    portal: BlockingPortal,
    status: int,
    page: str,
    signs: dict[str, str],
    is_html: bool,
    call: tuple[str, dict[str, Any]],
) -> None:
    async def ask() -> Answer:
        async with agent_of(**EXAMPLE, JENKINS_MAX_RETRIES="0") as agent:
            return await agent.call(call[0], **call[1])

    kind = "text/html;charset=utf-8" if is_html else "text/plain"
    with respx.mock(assert_all_called=False) as web:
        web.get("https://ci.example.com/login").respond(200, headers={"X-Jenkins": "2.579"})
        web.route().respond(status, text=page, headers={"Content-Type": kind, **signs})
        answer = portal.call(ask)
    said = f"{answer.data['message']} {answer.data['next_step']}"
    assert answer.code in {*CODES, "JENKINS_ERROR"}
    assert answer.data.keys() == {"code", "message", "next_step", "retryable", "details"}
    assert len(answer.data["message"]) < 600
    assert answer.data["next_step"]
    assert not [word for word in ("<", "hudson.model.Job", "\n", "script") if word in said]
    assert not [word for word in ("Job.java", "x()") if word in answer.text]
