from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.answer_text import size_of
from ci_mcp_logs.log_text import LogText
from ci_mcp_logs.windows import Window
from drone_mcp_build.failed_steps import step_refs
from drone_mcp_client.models import Build
from drone_mcp_diagnosis.step_reader import LogReading
from drone_mcp_diagnosis.steps import failed_first, find
from drone_mcp_logs.read.answer import Page, compose
from drone_mcp_logs.read.step_selection import plan_for_build
from support.made_builds import any_builds, failing_build


@given(any_builds, st.integers(200, 20_000))
def test_whatever_the_build_its_answer_keeps_to_the_budget(build: Build, budget: int) -> None:
    plan = plan_for_build(build, step_refs(build), budget)
    page = Page(
        "octo/hello", build.number, "0a1b2c3d", build.status, plan.summary, plan.steps, plan.next_step, plan.if_cut
    )
    readings = [LogReading(ref, LogText(("a line",) * 50)) for ref in plan.read]
    view = compose(page, readings, Window(), budget)
    assert size_of(view) <= budget
    assert view.logs or not any(ref.failed for ref in step_refs(build))


@given(any_builds)
def test_what_failed_comes_first_and_nothing_is_lost(build: Build) -> None:
    every = step_refs(build)
    ordered = failed_first(build, every)
    failed = [ref for ref in every if ref.failed]
    assert {ref.numbers for ref in ordered[: len(failed)]} == {ref.numbers for ref in failed}
    assert sorted(ref.numbers for ref in ordered) == sorted(ref.numbers for ref in every)


@given(any_builds, st.data())
def test_numbers_find_every_step(build: Build, data: st.DataObject) -> None:
    if every := step_refs(build):
        ref = data.draw(st.sampled_from(every))
        assert find(build, str(ref.stage.number), str(ref.step.number)) == [ref]


def test_the_failed_step_is_read_and_the_others_are_not() -> None:
    build = Build.model_validate(failing_build())
    assert [ref.label for ref in plan_for_build(build, step_refs(build), 2000).read] == ["1/3 default/test"]
