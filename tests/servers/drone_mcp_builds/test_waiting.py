"""The changes of a build as a wait reports them."""

from __future__ import annotations

from hypothesis import given

from drone_mcp_builds import waiting
from drone_mcp_client.models import Build, Stage, Step
from support.made_builds import any_builds


@given(any_builds)
def test_nothing_has_changed_since_now(build: Build) -> None:
    assert waiting.describe_changes(build, build) == ()


def test_what_changed_is_reported_in_few_lines_without_steps_that_merely_appeared() -> None:
    def built(status: str, steps: int) -> Build:
        every = tuple(Step(number=n, name=f"s{n}", status=status) for n in range(1, steps + 1))
        return Build(number=1, status="running", stages=(Stage(number=1, name="a\nb", status="running", steps=every),))

    assert waiting.describe_changes(Build(number=1, status="pending"), built("pending", 3)) == (
        "build: pending -> running",
        "stage 1 'a b': running",
    )
    lines = waiting.describe_changes(built("running", 200), built("success", 200))
    assert lines[0] == "step 1 's1' of stage 1: running -> success"
    assert (len(lines), lines[-1]) == (waiting.MOST_LINES + 1, "and 170 more")
