"""The cursor of a wait: what it holds comes back, whatever the build, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_builds import since
from drone_mcp_client.errors import InvalidInput
from drone_mcp_client.models import Build, Stage, Step
from support.made_builds import any_builds

REPO = "octo/hello"


def statuses(build: Build) -> dict[tuple[int, int], str]:
    found = {(0, 0): build.status}
    for stage in build.stages:
        found[stage.number, 0] = stage.status
        found.update({(stage.number, step.number): step.status for step in stage.steps})
    return {place: status if status in since._LETTERS else "unknown" for place, status in found.items()}


def small(build: Build) -> bool:
    rows = sum(12 + max((step.number for step in stage.steps), default=0) for stage in build.stages)
    return rows < since.LONGEST - 20


@given(any_builds)
def test_a_cursor_is_short_and_brings_back_how_the_build_stood(build: Build) -> None:
    text = since.encode(REPO, build)
    assert len(text) <= since.LONGEST
    before = since.decode(text, REPO, build)
    held = statuses(before)
    assert held.items() <= statuses(build).items()
    if small(build):
        assert held == statuses(build)


@given(any_builds, st.text(max_size=60))
def test_any_other_text_is_refused(build: Build, text: str) -> None:
    with pytest.raises(InvalidInput):
        since.decode(text, REPO, build)


def test_a_cursor_is_bound_to_its_build() -> None:
    one, two = Build(number=1, status="running"), Build(number=2, status="running")
    with pytest.raises(InvalidInput, match="another build"):
        since.decode(since.encode(REPO, one), REPO, two)
    with pytest.raises(InvalidInput, match="another build"):
        since.decode(since.encode(REPO, one), "octo/other", one)


@given(any_builds)
def test_nothing_has_changed_since_now(build: Build) -> None:
    assert since.told(build, build) == ()


def test_what_changed_is_told_in_few_lines_without_steps_that_merely_appeared() -> None:
    def built(status: str, steps: int) -> Build:
        every = tuple(Step(number=n, name=f"s{n}", status=status) for n in range(1, steps + 1))
        return Build(number=1, status="running", stages=(Stage(number=1, name="a\nb", status="running", steps=every),))

    assert since.told(Build(number=1, status="pending"), built("pending", 3)) == (
        "build: pending -> running",
        "stage 1 'a b': running",
    )
    lines = since.told(built("running", 200), built("success", 200))
    assert lines[0] == "step 1 's1' of stage 1: running -> success"
    assert (len(lines), lines[-1]) == (since.MOST_LINES + 1, "and 170 more")
