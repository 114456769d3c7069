"""Property 13: a line of a log is shown as it was printed: its indent, its blanks, its characters of any script."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jenkins_mcp_simulator.records import Plan
from support.agent import LogAgent
from support.played_jenkins import PlayedJenkins, played_jenkins

if TYPE_CHECKING:
    from collections.abc import Iterator

INDENTS = st.sampled_from(["", "  ", "    ", "\t", "\t\t ", " - ", "| "])
WORDS = st.text(
    st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Sm", "Sc"], include_characters="{}[]()<>|/*.,:;!?+-_'\"`~^&#%"),
    min_size=1,
    max_size=12,
)
LINES = st.lists(st.tuples(INDENTS, st.lists(WORDS, max_size=5).map("  ".join)).map("".join), min_size=1, max_size=10)
ENDS = st.sampled_from(["\n", "\r\n"])
COLORS = st.sampled_from(["", "\x1b[1m", "\x1b[31;1m"])


@pytest.fixture(scope="module")
def play() -> Iterator[PlayedJenkins]:
    with played_jenkins({"jobs": {"app": {"builds": [{}]}}}) as play:
        yield play


@settings(max_examples=100, deadline=None)
@given(lines=LINES, end=ENDS, color=COLORS, knows_parts=st.booleans())
@example(lines=["\tat A.b(A.java:1)", "", "  ^~~"], end="\r\n", color="\x1b[1m", knows_parts=True)
def test_property_13_formatting(
    play: PlayedJenkins, lines: list[str], end: str, color: str, *, knows_parts: bool
) -> None:
    play.world.knows_log_parts = knows_parts
    printed = end.join(f"{color}{line}\x1b[0m" if color else line for line in lines)
    play.jenkins.job("app").builds[0].plan = Plan(log=f"{printed}{end}")
    agent = LogAgent(play.agent.client)
    answer = play.portal.call(
        partial(agent.call, "jenkins_get_build_log", job="app", build=1, token_budget=20_000, head=100)
    )
    assert [text for _, _, text in answer.lines()][3:-1] == lines
    log = answer.data["logs"][0]["log"]
    assert "\x1b" not in log
    assert log in answer.text
