from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_client import calls
from drone_mcp_client.errors import (
    AuthenticationFailed,
    Conflict,
    DroneFailed,
    InvalidInput,
    NotFound,
    RateLimited,
    ServiceError,
    TimedOut,
    UnexpectedAnswer,
    Unreachable,
)
from drone_mcp_client.retrying import RetryPolicy, may_repeat, retry_after

READ = calls.build("octo/hello", 1)
WRITE = calls.restart_build("octo/hello", 1)
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC).timestamp()
BROKEN = Unreachable("the connection broke")


@given(st.integers(0, 50), st.floats(0, 0.999), st.floats(0.001, 1000), st.integers(0, 9))
def test_a_pause_is_never_longer_than_its_ceiling_or_what_is_left(
    retry: int, chance: float, left: float, retries: int
) -> None:
    policy = RetryPolicy(retries)
    pause = policy.pause(retry, BROKEN, left=left, chance=chance)
    if pause is None:
        assert retry >= retries or policy.ceiling(retry) * chance >= left
    else:
        assert 0 <= pause <= policy.longest
        assert pause < left


def test_the_ceiling_doubles_up_to_its_own() -> None:
    assert [RetryPolicy().ceiling(retry) for retry in range(6)] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert RetryPolicy().ceiling(10_000) == 8.0


@given(st.floats(0, 100), st.floats(0, 0.999), st.floats(0, 100))
def test_a_server_is_never_asked_before_the_time_it_named(asked: float, chance: float, left: float) -> None:
    error = RateLimited("slow down", details={"retry_after": asked})
    pause = RetryPolicy().pause(0, error, left=left, chance=chance)
    assert pause is None if asked >= left else pause is None or asked <= pause < left


@pytest.mark.parametrize(
    "error",
    [
        BROKEN,
        TimedOut("no answer"),
        RateLimited("slow down", status=429),
        *(DroneFailed("proxy", status=status, retryable=True) for status in (502, 503)),
        TimedOut("proxy", status=504),
    ],
)
def test_passing_trouble_repeats_a_read_and_never_a_write_that_is_not_idempotent(error: ServiceError) -> None:
    assert may_repeat(READ, error)
    assert may_repeat(calls.cancel_build("octo/hello", 1), error)
    assert not may_repeat(WRITE, error)


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationFailed("guest", status=401),
        NotFound("nothing", status=404),
        InvalidInput("bad", status=400),
        Conflict("moved", status=409),
        DroneFailed("fault", status=500),
        UnexpectedAnswer("page", status=200),
        Unreachable("certificate", retryable=False),
    ],
)
def test_trouble_that_stays_repeats_nothing(error: ServiceError) -> None:
    assert not may_repeat(READ, error)


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
        (None, None),
        ("", None),
        ("-5", None),
        ("²", None),
        ("soon", None),
        ("Sat, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_from_now(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, now=NOW) == seconds


@given(st.text(max_size=40))
def test_no_retry_after_is_more_than_unreadable(value: str) -> None:
    later = retry_after(value, now=NOW)
    assert later is None or later >= 0
