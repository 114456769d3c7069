"""Property 12: page by page, from either end, the log of a build is read whole and every line once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jenkins_mcp_simulator.records import Plan
from support.agent import LogAgent
from support.played_jenkins import PlayedJenkins, played_jenkins

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = st.lists(st.text("abc xyz-äß漢", max_size=50), max_size=60)
AROUND = 4  # lines that Jenkins itself writes: three before, one after


@pytest.fixture(scope="module")
def play() -> Iterator[PlayedJenkins]:
    with played_jenkins({"jobs": {"app": {"builds": [{}]}}}) as play:
        yield play


@settings(max_examples=100, deadline=None)
@given(lines=LINES, size=st.integers(1, 20), knows_parts=st.booleans())
@example(lines=[""] * 30, size=7, knows_parts=False)
def test_property_12_log_retrieval(play: PlayedJenkins, lines: list[str], size: int, *, knows_parts: bool) -> None:
    play.world.knows_log_parts = knows_parts
    play.jenkins.job("app").builds[0].plan = Plan(log="".join(f"{line}\n" for line in lines))
    whole = read_pages(play, "cursor", head=size)
    assert [text.rstrip() for _, text in whole[AROUND - 1 : -1]] == [line.rstrip() for line in lines]
    assert [number for number, _ in whole] == [*range(1, len(lines) + AROUND + 1)]
    assert whole[-1][1] == "Finished: SUCCESS"
    assert read_pages(play, "cursor_back", tail=size) == whole


def read_pages(play: PlayedJenkins, field: str, **window: int) -> list[tuple[int, str]]:
    """Read pages of a log as long as the answers name one more, forwards or backwards."""
    agent, found, asked = LogAgent(play.agent.client), list[tuple[int, str]](), dict[str, Any](window)
    while asked:
        call = partial(agent.call, "jenkins_get_build_log", job="app", build=1, token_budget=400, **asked)
        answer = play.portal.call(call)
        assert not answer.failed, answer.text
        (part,) = answer.data["logs"]
        page = [(number, text) for number, _, text in answer.lines()]
        found = found + page if field == "cursor" else page + found
        asked = {"cursor": part[field]} if field in part else {}
    return found
