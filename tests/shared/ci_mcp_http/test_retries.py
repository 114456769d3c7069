from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_http.retries import RetryPolicy, mark_outcome_unknown, may_retry, parse_retry_after
from ci_mcp_kit.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidInput,
    NotFound,
    RateLimited,
    ServiceError,
    ServiceFailed,
    TimedOut,
    UnexpectedAnswer,
    Unreachable,
)
from support.forge import CLOSE, COMMENT, READ

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC).timestamp()
BROKEN = Unreachable("the connection broke")


@given(st.integers(0, 50), st.floats(0, 0.999), st.floats(0.001, 1000), st.integers(0, 9))
def test_a_pause_is_never_longer_than_its_ceiling_or_what_is_left(
    retry: int, jitter: float, left: float, retries: int
) -> None:
    policy = RetryPolicy(retries)
    pause = policy.pause(retry, BROKEN, left=left, jitter=jitter)
    if pause is None:
        assert retry >= retries or policy.ceiling(retry) * jitter >= left
    else:
        assert 0 <= pause <= policy.longest
        assert pause < left


def test_the_ceiling_doubles_up_to_its_own() -> None:
    assert [RetryPolicy().ceiling(retry) for retry in range(6)] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert RetryPolicy().ceiling(10_000) == 8.0


@given(st.floats(0, 100), st.floats(0, 0.999), st.floats(0, 100))
def test_a_server_is_never_asked_before_the_time_it_named(asked: float, jitter: float, left: float) -> None:
    error = RateLimited("slow down", details={"retry_after": asked})
    pause = RetryPolicy().pause(0, error, left=left, jitter=jitter)
    assert pause is None if asked >= left else pause is None or asked <= pause < left


@pytest.mark.parametrize(
    "error",
    [
        BROKEN,
        TimedOut("no answer"),
        RateLimited("slow down", status=429),
        *(ServiceFailed("proxy", status=status, retryable=True) for status in (502, 503)),
        TimedOut("proxy", status=504),
    ],
)
def test_passing_trouble_repeats_a_read_and_never_a_write_that_is_not_idempotent(error: ServiceError) -> None:
    assert may_retry(READ, error)
    assert may_retry(CLOSE, error)
    assert not may_retry(COMMENT, error)


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationFailed("guest", status=401),
        NotFound("nothing", status=404),
        InvalidInput("bad", status=400),
        Conflict("moved", status=409),
        ServiceFailed("fault", status=500),
        UnexpectedAnswer("page", status=200),
        Unreachable("certificate", retryable=False),
    ],
)
def test_trouble_that_stays_repeats_nothing(error: ServiceError) -> None:
    assert not may_retry(READ, error)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 13:00:30 +0100", 30.0),
        ("Sat, 21 Nov 2026 12:00:30 -0000", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("9" * 400, 999999999.0),
        ("", None),
        ("-5", None),
        ("²", None),
        ("soon", None),
        ("Sat, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_from_now(value: str, seconds: float | None) -> None:
    assert parse_retry_after(value, now=NOW) == seconds


@given(st.text(max_size=40))
def test_no_retry_after_is_more_than_unreadable(value: str) -> None:
    later = parse_retry_after(value, now=NOW)
    assert later is None or later >= 0


def test_only_the_failure_of_a_call_that_must_not_be_sent_twice_leaves_its_outcome_open() -> None:
    lost = mark_outcome_unknown(COMMENT, TimedOut("no answer"))
    assert not lost.retryable
    assert "may have happened" in lost.next_step
    assert mark_outcome_unknown(READ, TimedOut("no answer")).retryable
