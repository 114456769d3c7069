"""Property 27: the configured timeout holds for every request of every tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
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

JOB = {"_class": "hudson.model.FreeStyleProject", "name": "app", "fullName": "app"}


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as portal:
        yield portal


@settings(max_examples=100, deadline=None)
@given(seconds=st.integers(1, 600), call=CALLS, silent_at=st.integers(0, 2))
def test_property_27_timeouts(
    portal: BlockingPortal, seconds: int, call: tuple[str, dict[str, Any]], silent_at: int
) -> None:
    limits: list[dict[str, float]] = []

    def answer_or_fall_silent(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"])
        if len(limits) > silent_at:
            raise httpx.ReadTimeout("silent", request=request)
        return httpx.Response(200, json=JOB, headers={"X-Jenkins": "2.579"})

    async def ask() -> Answer:
        async with agent_of(**EXAMPLE, JENKINS_MAX_RETRIES="0", JENKINS_TIMEOUT=f"{seconds}s") as agent:
            return await agent.call(call[0], **call[1])

    with respx.mock(assert_all_called=False) as web:
        web.route().mock(side_effect=answer_or_fall_silent)
        answer = portal.call(ask)
    assert limits
    assert {limit["read"] for limit in limits} == {seconds}
    assert {limit["connect"] for limit in limits} == {min(10, seconds)}
    if len(limits) > silent_at:
        assert (answer.code, answer.data["retryable"]) == ("TIMEOUT", True)
