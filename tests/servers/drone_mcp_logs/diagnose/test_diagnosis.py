"""The rules of a diagnosis: order, class, signature, budget."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_mcp_logs.answer_text import size_of
from ci_mcp_logs.ci_markup import form_of
from ci_mcp_logs.diagnosis.answer import compose_diagnosis
from ci_mcp_logs.diagnosis.verdicts import Part
from ci_mcp_logs.distill import Block, Excerpt, ExcerptLine, distill
from ci_mcp_logs.evidence import write_excerpt
from ci_mcp_logs.failure_signs import signs_of
from ci_mcp_logs.log_text import LogText
from drone_mcp_build.failed_steps import FailedStep, failed_steps, step_refs
from drone_mcp_client.models import Build, Stage, Step
from drone_mcp_diagnosis.diagnosing import Chosen, Facts, conclude, not_run_because_of_failures
from drone_mcp_diagnosis.other_builds import NO_PAST, OtherRun, Past
from drone_mcp_diagnosis.step_reader import LogReading
from drone_mcp_diagnosis.verdicts import verdict_of, verdict_of_build
from drone_mcp_logs.diagnose.tool import propose
from support.made_builds import any_builds, made_build, made_stage, made_step

LINES = ("+ make check", "", 'Error: "x" is\tnot \\ y', "FAIL: a_test.c:41: expected 3, got 2", "done") * 9
STAMPED = LogText(
    tuple(f"2026-05-01T12:00:01.123456789+02:00 {line}" for line in LINES), stamps=form_of("2026-05-01T12:00:01+02:00")
)


def a_build(status: str, *stages: dict[str, Any], **more: Any) -> Build:
    return Build.model_validate(made_build(7, status, *stages, **more))


def failed(
    exit_code: int = 1, status: str = "failure", name: str = "x", error: str = "", seconds: int = 10
) -> FailedStep:
    step = Step(number=1, name=name, status=status, exit_code=exit_code, error=error, started=1, stopped=1 + seconds)
    return FailedStep(Stage(number=1, name="ci", status=status), step, Part.FIRST)


def log(*lines: str, lost: int = 0) -> LogText:
    return LogText(lines, first_pos=lost)


@settings(deadline=None, max_examples=40)  # the first example loads the distiller's model
@given(any_builds, st.integers(200, 5_000) | st.just(200), st.sampled_from([LogText(LINES), STAMPED]))
def test_whatever_the_build_its_diagnosis_keeps_to_the_budget(build: Build, budget: int, text: LogText) -> None:
    every = failed_steps(build)
    read = every[: max(1, min(6, budget // 250))]
    readings = [LogReading(one.ref, text) if one.ref else None for one in read]
    view = compose_diagnosis(
        conclude(Facts("octo/hello", Chosen(build), read, readings, every[len(read) :], NO_PAST, 0, budget), propose),
        budget,
    )
    assert size_of(view) <= budget
    assert bool(view.failures) == bool(every)
    assert view.as_text()


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("",) * 5_000,
        ("(" * 200_000,),
        ("error " * 50_000,),
        ("/a" * 150 + " error",) * 500,
        ("deadbeef-" * 30 + " fail",) * 500,
        ("\ufffd failed \u00e9\U0001f600",) * 500,
    ],
    ids=["nothing", "empty lines", "one bracket", "one line", "folders", "ids", "other scripts"],
)
@pytest.mark.parametrize("compared", [False, True])
def test_a_log_made_to_confuse_is_diagnosed_like_any_other(lines: tuple[str, ...], compared: bool) -> None:
    build = a_build("failure", made_stage(1, "ci", "failure", made_step(1, "test", "failure", exit_code=1)))
    every, text = failed_steps(build), LogText(lines)
    ref = step_refs(build)[0]
    past = Past("main", OtherRun(build, ref, text)) if compared else NO_PAST
    view = compose_diagnosis(
        conclude(Facts("octo/hello", Chosen(build), every, [LogReading(ref, text)], [], past, 0, 500), propose), 500
    )
    assert size_of(view) <= 500
    assert view.failures[0].total_lines == len(lines)


@given(any_builds)
def test_every_failure_has_one_place_in_the_order(build: Build) -> None:
    every = failed_steps(build)
    roles = [one.part for one in every]
    order = [Part.FIRST, Part.AFTER, Part.BESIDE, Part.STOPPED, Part.IGNORED]
    assert roles.count(Part.FIRST) <= 1
    assert Part.FIRST not in roles[1:]
    ranks = [1 if role in {Part.AFTER, Part.BESIDE} else order.index(role) for role in roles]
    assert ranks == sorted(ranks)
    assert len({(one.stage.number, one.step and one.step.number) for one in every}) == len(every)


def test_what_began_later_may_follow_and_what_had_begun_cannot() -> None:
    late = made_step(3, "late", "failure")
    beside = made_step(1, "beside", "failure") | {"stopped": 1_795_255_000 + 55}
    build = a_build("failure", made_stage(1, "ci", "failure", beside, made_step(2, "first", "failure"), late))
    assert [(one.own_name, one.part) for one in failed_steps(build)] == [
        ("first", Part.FIRST),
        ("late", Part.AFTER),
        ("beside", Part.BESIDE),
    ]


def test_only_what_depends_on_a_failure_was_not_run_because_of_it() -> None:
    steps = [made_step(1, "early", "skipped"), made_step(2, "test", "failure"), made_step(3, "push", "skipped")]
    build = a_build(
        "failure",
        made_stage(1, "ci", "failure", *steps),
        made_stage(2, "deploy", "skipped", depends_on=["ci"]),
        made_stage(3, "tell", "skipped", depends_on=["deploy"]),
        made_stage(4, "nightly", "skipped"),
    )
    assert not_run_because_of_failures(build) == ["1/3 ci/push", "stage 2 deploy", "stage 3 tell"]


@pytest.mark.parametrize(
    ("what", "text", "kind", "confidence"),
    [
        (failed(137), log("Killed"), "out_of_memory", "high"),
        (failed(137), log("3 tests, 1 failed"), "out_of_memory", "medium"),
        (failed(143), log("operation timed out after 60s"), "timeout", "medium"),
        (failed(143), None, "cancelled", "medium"),
        (failed(124), None, "timeout", "medium"),
        (failed(124), log("timed out after 60s"), "timeout", "high"),
        (failed(127), None, "configuration", "medium"),
        (failed(127), log("sh: x: not found"), "configuration", "high"),
        (failed(1), log("+ go test ./...", "--- FAIL: TestTotal (0.00s)", "FAIL"), "test", "high"),
        (failed(1), log("+ go test ./...", "--- FAIL: TestTotal (0.00s)", lost=9), "test", "medium"),
        (failed(1), log("--- FAIL: TestTotal (0.00s)", "FAIL", "dial tcp: no route to host"), "test", "medium"),
        (failed(1), log("Error: License has expired"), "configuration", "medium"),
        (failed(1), log("Error: it went wrong"), "unknown", "low"),
        (failed(1, name="lint"), log("hm"), "lint", "low"),
        (failed(1, name="zzz"), None, "unknown", "low"),
        (failed(130, "killed"), None, "cancelled", "high"),
        (failed(137, "killed"), None, "cancelled", "medium"),
        (failed(137, "killed", seconds=3600), None, "timeout", "high"),
        (failed(255, "error", error="manifest for x:1 not found"), None, "configuration", "medium"),
        (failed(255, "error", error="dial tcp: i/o timeout"), None, "timeout", "medium"),
        (failed(255, "error", error="no space left on device"), None, "infrastructure", "high"),
        (failed(255, "error"), None, "infrastructure", "medium"),
    ],
)
def test_the_class_of_a_failure(what: FailedStep, text: LogText | None, kind: str, confidence: str) -> None:
    seen = distill(text, exit_code=what.exit_code) if text else None
    verdict = verdict_of(what, text, seen, 3600)
    assert (verdict.kind, verdict.confidence) == (kind, confidence)
    assert verdict.evidence


# Lines that are evidence of some tool, among lines that say nothing.
TOLD = st.sampled_from(
    [
        "--- FAIL: TestTotal (0.00s)",
        "2026-05-01T12:00:01Z main.c:3:10: fatal error: foo.h: No such file or directory",
        "#8 5.013 src/a.ts(1,1): error TS2304: Cannot find name 'foo'.",
        "E: Unable to locate package foo",
        "x: permission denied",
        "curl: (60) SSL certificate problem: self-signed certificate",
    ]
)


@settings(deadline=None, max_examples=60)  # the first example loads the distiller's model
@given(st.lists(TOLD | st.sampled_from(["", "the cart is full", "+ make all"]), min_size=1, max_size=60))
def test_the_line_that_is_named_is_one_of_the_tool_that_is_named(lines: list[str]) -> None:
    build = a_build("failure", made_stage(1, "ci", "failure", made_step(1, "x", "failure", exit_code=1)))
    text, every = LogText.from_raw(lines), failed_steps(build)
    reading = LogReading(step_refs(build)[0], text)
    view = compose_diagnosis(
        conclude(Facts("octo/hello", Chosen(build), every, [reading], [], NO_PAST, 0, 2000), propose), 2000
    )
    for reported in view.failures[0].evidence:
        if named := re.fullmatch(r"([\w-]+): [\w ]+ \(line (\d+)\)", reported):
            assert named[1] in {sign.tool for sign in signs_of(lines[int(named[2]) - 1])}
        else:
            assert "line" not in reported


@pytest.mark.parametrize(
    ("lines", "kind", "advice"),
    [
        (("+ go test ./...", "--- FAIL: TestTotal (0.00s)", "FAIL"), "test", "run the failing test"),
        (("x: permission denied",), "configuration", "The class is a guess: read the lines first"),
        (("Error: it went wrong",), "unknown", "Read the end of the step"),
    ],
)
def test_the_next_step_follows_the_confidence(lines: tuple[str, ...], kind: str, advice: str) -> None:
    build = a_build("failure", made_stage(1, "ci", "failure", made_step(1, "x", "failure", exit_code=1)))
    ref, every = step_refs(build)[0], failed_steps(build)
    view = compose_diagnosis(
        conclude(
            Facts("octo/hello", Chosen(build), every, [LogReading(ref, LogText(lines))], [], NO_PAST, 0, 2000), propose
        ),
        2000,
    )
    assert view.kind == kind
    assert advice in view.next_step


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (a_build("pending", made_stage(1, "ci", "blocked")), "approval"),
        (a_build("declined", made_stage(1, "ci", "declined")), "approval"),
        (a_build("error", error="yaml: line 3"), "configuration"),
        (a_build("killed", made_stage(1, "ci", "skipped")), "cancelled"),
        (a_build("skipped"), "cancelled"),
        (a_build("failure"), "unknown"),
        (a_build("success", made_stage(1, "ci")), ""),
    ],
)
def test_the_class_of_a_build_in_which_nothing_failed(build: Build, kind: str) -> None:
    assert verdict_of_build(build).kind == kind


def test_lines_in_a_row_are_shown_once_with_their_count() -> None:
    text = LogText(("boom",) * 5 + ("end",))
    seen = Excerpt((Block(1, 6, "why", (ExcerptLine(1, "boom", times=5), ExcerptLine(6, "end")), 1.0, 1.0),), 6, 9)
    assert [row.text for row in write_excerpt(text, seen, 1000, 100)] == ["1| boom  [5 times]", "6| end"]
