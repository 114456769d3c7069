"""The cursor of a wait: what it holds comes back, whatever the build, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_build import state_cursor
from drone_mcp_client.errors import InvalidInput
from drone_mcp_client.models import Build
from support.made_builds import any_builds

REPO = "octo/hello"


def statuses(build: Build) -> dict[tuple[int, int], str]:
    found = {(0, 0): build.status}
    for stage in build.stages:
        found[stage.number, 0] = stage.status
        found.update({(stage.number, step.number): step.status for step in stage.steps})
    return {place: status if status in state_cursor._LETTERS else "unknown" for place, status in found.items()}


def small(build: Build) -> bool:
    rows = sum(12 + max((step.number for step in stage.steps), default=0) for stage in build.stages)
    return rows < state_cursor.LONGEST - 20


@given(any_builds)
def test_a_cursor_is_short_and_brings_back_how_the_build_stood(build: Build) -> None:
    text = state_cursor.encode(REPO, build)
    assert len(text) <= state_cursor.LONGEST
    before = state_cursor.decode(text, REPO, build)
    held = statuses(before)
    assert held.items() <= statuses(build).items()
    if small(build):
        assert held == statuses(build)


@given(any_builds, st.text(max_size=60))
def test_any_other_text_is_refused(build: Build, text: str) -> None:
    with pytest.raises(InvalidInput):
        state_cursor.decode(text, REPO, build)


def test_a_cursor_is_bound_to_its_build() -> None:
    one, two = Build(number=1, status="running"), Build(number=2, status="running")
    with pytest.raises(InvalidInput, match="another build"):
        state_cursor.decode(state_cursor.encode(REPO, one), REPO, two)
    with pytest.raises(InvalidInput, match="another build"):
        state_cursor.decode(state_cursor.encode(REPO, one), "octo/other", one)


@given(any_builds)
def test_a_build_that_became_known_with_its_stages_has_not_changed_by_that(build: Build) -> None:
    bare = state_cursor.encode(REPO, build.model_copy(update={"stages": ()}))
    assert not state_cursor.differs(bare, REPO, build)
    assert not state_cursor.differs(state_cursor.encode(REPO, build), REPO, build)


@given(any_builds, st.sampled_from(["running", "success", "killed"]))
def test_another_status_is_a_change(build: Build, status: str) -> None:
    before = build.model_copy(update={"status": "pending"})
    now = build.model_copy(update={"status": status})
    for known in (before, before.model_copy(update={"stages": ()})):
        assert state_cursor.differs(state_cursor.encode(REPO, known), REPO, now)
