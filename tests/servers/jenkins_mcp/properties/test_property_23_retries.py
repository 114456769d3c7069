"""Property 23: a reading call survives as many passing faults as retries are set, with pauses that double."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_mcp_http.transport import Clock
from ci_mcp_kit.errors import ServiceError
from jenkins_mcp.client.client import JenkinsClient
from jenkins_mcp.scope import JobScope
from jenkins_mcp.settings import JenkinsSettings
from support.played_jenkins import PlayedJenkins, played_jenkins

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_PAUSE = 8.0
PASSING = [("status", 502), ("status", 503), ("status", 504), ("reset", 503), ("drop", 503)]
LASTING = [("status", 400), ("status", 404), ("status", 500)]


@pytest.fixture(scope="module")
def play() -> Iterator[PlayedJenkins]:
    with played_jenkins({"jobs": {"app": {"builds": [{}]}}}) as play:
        yield play


@settings(max_examples=100, deadline=None)
@given(
    fault=st.sampled_from(PASSING + LASTING),
    count=st.integers(1, 6),
    retries=st.integers(0, 5),
    backoff=st.floats(0.01, 4.0),
    chance=st.floats(0.0, 1.0, exclude_max=True),
)
def test_property_23_retries(
    play: PlayedJenkins, fault: tuple[str, int], count: int, retries: int, backoff: float, chance: float
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async def read_job() -> bool:
        (one,) = JenkinsSettings.from_environment(play.jenkins.environment()).instances
        options = replace(one, retries=retries, backoff=backoff, timeout=600.0).client_options()
        client = JenkinsClient(options, JobScope(()).check, clock=Clock(sleep=sleep, jitter=lambda: chance))
        try:
            await client.job("app")
        except ServiceError:
            return False
        finally:
            await client.aclose()
        return True

    play.jenkins.world.faults.clear()
    play.jenkins.break_with(fault[0], status=fault[1], count=count)
    play.jenkins.asked.clear()
    succeeded = play.portal.call(read_job)
    expected = min(count, retries) if fault in PASSING else 0
    assert succeeded == (fault in PASSING and count <= retries)
    assert pauses == [min(LONGEST_PAUSE, backoff * 2**retry) * chance for retry in range(expected)]
    assert len(play.jenkins.asked) == expected + 1
