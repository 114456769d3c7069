"""The class of a failure, as every server has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_build.failure_class import CLASSES, by_ending, by_error, by_exit_code, by_name

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
    assert by_error(error)[:2] == (kind, confidence)


@given(STATUSES, st.integers(0, 255), st.text(max_size=40))
def test_an_ending_is_judged_by_status_then_error_then_exit_code(status: str, exit_code: int, error: str) -> None:
    told = by_ending(status, exit_code, error)
    if status == "killed":
        assert told is not None
        assert told.kind == "cancelled"
    elif error or status == "error":
        assert told == by_error(error)
    else:
        assert told == by_exit_code(exit_code)
    assert told is None or told.kind in CLASSES


@pytest.mark.parametrize(
    ("name", "kind"),
    [("lint", "lint"), ("unit-tests", "test"), ("Build", "compile"), ("npm install", "dependency"), ("deploy", None)],
)
def test_a_name_suggests_a_class_and_is_never_sure(name: str, kind: str | None) -> None:
    told = by_name(name)
    assert (told.kind if told else None) == kind
    assert told is None or told.confidence == "low"


def test_who_killed_a_step_with_sigkill_was_probably_the_memory_limit() -> None:
    told = by_exit_code(137)
    assert told is not None
    assert (told.kind, told.confidence) == ("out_of_memory", "medium")
    assert by_exit_code(1) is None
