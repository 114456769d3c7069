from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_logs.diagnosis.verdicts import CLASSES, Part, judge_exit_code, judge_name
from drone_mcp_build.failed_steps import FailedStep
from drone_mcp_build.failure_class import judge, judge_error, needs_time_limit
from drone_mcp_client.models import Build, Stage, Step

STATUSES = st.sampled_from(["failure", "error", "killed", "skipped", "from a later release"])


@pytest.mark.parametrize(
    ("error", "kind", "confidence"),
    [
        ("dial tcp 10.0.0.1:443: connect: connection refused", "infrastructure", "high"),
        ("x509: certificate signed by unknown authority", "infrastructure", "high"),
        ("something that nobody has seen yet", "infrastructure", "medium"),
        ("", "infrastructure", "medium"),
        ("manifest for octo/image:none not found", "configuration", "medium"),
        ("Back-off pulling image: ImagePullBackOff", "configuration", "medium"),
        ("yaml: line 14: did not find expected key", "configuration", "high"),
        ("linter: untrusted repositories cannot mount host volumes", "configuration", "high"),
        ("OOMKilled", "out_of_memory", "high"),
        ("context deadline exceeded", "timeout", "medium"),
    ],
)
def test_an_error_has_a_class(error: str, kind: str, confidence: str) -> None:
    assert judge_error(error)[:2] == (kind, confidence)


def made(
    status: str, exit_code: int = 0, error: str = "", *, seconds: int = 10, stage_seconds: int | None = None
) -> FailedStep:
    """Make a step that ended so, in a stage that began with it unless given otherwise."""
    step = Step(
        number=1, name="x", status=status, exit_code=exit_code, error=error, started=9_000, stopped=9_000 + seconds
    )
    began = 9_000 + seconds - (seconds if stage_seconds is None else stage_seconds)
    stage = Stage(number=1, name="ci", status="killed", started=began, stopped=9_000 + seconds, steps=(step,))
    return FailedStep(stage, step, Part.FIRST)


@given(STATUSES, st.integers(0, 255), st.text(max_size=40))
def test_an_ending_is_judged_by_status_then_error_then_exit_code(status: str, exit_code: int, error: str) -> None:
    judged = judge(made(status, exit_code, error))
    if status == "killed":
        assert judged is not None
        assert judged.kind == "cancelled"
    elif error or status == "error":
        assert judged == judge_error(error)
    else:
        assert judged == judge_exit_code(exit_code)
    assert judged is None or judged.kind in CLASSES


@pytest.mark.parametrize(
    ("failed", "limit", "kind", "confidence", "why"),
    [
        (made("killed", 137, seconds=3_599), 3_600, "cancelled", "medium", "it was killed from outside"),
        (made("killed", 137, seconds=3_600), 3_600, "timeout", "high", "it ran 3600 s, and the repository's limit is"),
        (made("killed", 137, seconds=3_600), 0, "cancelled", "medium", "it was killed from outside"),
        (made("killed", 137, seconds=60, stage_seconds=3_601), 3_600, "timeout", "high", "its stage ran 3601 s"),
        (made("killed", 130), 3_600, "cancelled", "high", "Drone cancelled it"),
    ],
)
def test_what_was_killed_ran_into_the_time_limit_or_was_cancelled(
    failed: FailedStep, limit: int, kind: str, confidence: str, why: str
) -> None:
    judged = judge(failed, limit)
    assert judged is not None
    assert (judged.kind, judged.confidence) == (kind, confidence)
    assert judged.why.startswith(why)


@pytest.mark.parametrize(
    ("failed", "needs"), [(made("killed", 137), True), (made("killed", 130), False), (made("failure", 1), False)]
)
def test_the_time_limit_matters_only_where_a_runner_killed_something(failed: FailedStep, needs: bool) -> None:
    assert needs_time_limit(Build(number=1, status="killed", stages=(failed.stage,))) is needs


@pytest.mark.parametrize(
    ("name", "kind"),
    [("lint", "lint"), ("unit-tests", "test"), ("Build", "compile"), ("npm install", "dependency"), ("deploy", None)],
)
def test_a_name_suggests_a_class_and_is_never_sure(name: str, kind: str | None) -> None:
    judged = judge_name(name)
    assert (judged.kind if judged else None) == kind
    assert judged is None or judged.confidence == "low"


def test_who_killed_a_step_with_sigkill_was_probably_the_memory_limit() -> None:
    judged = judge_exit_code(137)
    assert judged is not None
    assert (judged.kind, judged.confidence) == ("out_of_memory", "medium")
    assert judge_exit_code(1) is None
