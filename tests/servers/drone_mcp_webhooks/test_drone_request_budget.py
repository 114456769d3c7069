from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_client import calls
from drone_mcp_webhooks.drone_request_budget import RequestLimit, RequestLimitReached

CALL = calls.user()


@given(st.integers(1, 10), st.lists(st.floats(0, 30), max_size=100))
def test_in_no_minute_more_requests_leave_than_the_budget_has(per_minute: int, pauses: list[float]) -> None:
    now, left = 0.0, []
    limit = RequestLimit(per_minute, lambda: now)
    for pause in pauses:
        now += pause
        try:
            limit.admit(CALL)
        except RequestLimitReached:
            continue
        left.append(now)
    for start in left:
        assert sum(start <= at < start + 60 for at in left) <= per_minute


def test_a_spent_budget_says_what_it_held_back_and_is_whole_again_after_a_minute() -> None:
    now = 1000.0
    limit = RequestLimit(2, lambda: now)
    limit.admit(CALL)
    limit.admit(CALL)
    with pytest.raises(RequestLimitReached, match=r"2 requests a minute .* users?\.?"):
        limit.admit(CALL)
    now += 60
    assert limit.left == 2
