"""How often an agent may act, over all its processes."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.guard.guard_notes import GuardNotes
from ci_mcp_kit.guard.rate import Rate, RateLimit
from ci_mcp_kit.notes.memory import MemoryNotes
from drone_mcp_client.errors import RateLimited

ME = ("ops", "session-1", "")
STEPS = st.lists(st.tuples(st.floats(0, 1000), st.integers(0, 2), st.booleans()), max_size=60)


@given(STEPS, st.integers(1, 5))
def test_a_repository_never_gets_more_than_its_rate_whichever_process_asks_and_none_is_lost(
    steps: list[tuple[float, int, bool]], count: int
) -> None:
    async def play() -> list[float]:
        kept = GuardNotes(MemoryNotes())
        taken: list[float] = []
        replicas = [RateLimit(Rate(count, 100), kept) for _ in range(3)]
        for now, who, restarts in sorted(steps):
            if restarts:
                replicas[who] = RateLimit(Rate(count, 100), kept)
            lately = [before for before in taken if now - before < 100]
            try:
                await replicas[who].take(ME, "octo/hello", now)
            except RateLimited:
                assert len(lately) == count
                continue
            assert len(lately) < count
            taken.append(now)
        return taken

    taken = asyncio.run(play())
    assert all(later - first >= 100 for first, later in zip(taken, taken[count:], strict=False))


async def test_of_many_who_act_at_once_no_more_get_through_than_may() -> None:
    kept = GuardNotes(MemoryNotes())
    replicas = [RateLimit(Rate(3, 100), kept) for _ in range(10)]
    reported = await asyncio.gather(*(limit.take(ME, "octo/hello", 1000) for limit in replicas), return_exceptions=True)
    assert [type(error) for error in reported if error is not None] == [RateLimited] * 7


async def test_looking_takes_nothing() -> None:
    limit = RateLimit(Rate(1, 100), GuardNotes(MemoryNotes()))
    for _ in range(3):
        await limit.check(ME, "octo/hello", 1000)
    await limit.take(ME, "octo/hello", 1000)
    with pytest.raises(RateLimited):
        await limit.check(ME, "octo/hello", 1001)


async def test_other_agents_and_other_repositories_have_a_rate_of_their_own() -> None:
    kept = GuardNotes(MemoryNotes())
    for who, repo in [
        (ME, "octo/hello"),
        (ME, "octo/other"),
        (("ops", "session-2", ""), "octo/hello"),
        (("ops", "session-1", "reviewer"), "octo/hello"),
    ]:
        await RateLimit(Rate(1, 100), kept).take(who, repo, 1000)


async def test_the_refusal_says_when_it_may_go_on() -> None:
    kept = GuardNotes(MemoryNotes())
    for now in (1000, 1030):
        await RateLimit(Rate(2, 100), kept).take(ME, "octo/hello", now)
    with pytest.raises(RateLimited) as refused:
        await RateLimit(Rate(2, 100), kept).take(ME, "octo/hello", 1040)
    assert refused.value.details == {"rule": "rate", "retry_after": 60}
    assert str(refused.value) == "This agent has used up its actions in octo/hello: 2 in 1 min"


async def test_a_clock_that_is_ahead_elsewhere_holds_nobody_up_longer_than_the_rate() -> None:
    kept = GuardNotes(MemoryNotes())
    ahead, here = RateLimit(Rate(1, 100), kept), RateLimit(Rate(1, 100), kept)
    await ahead.take(ME, "octo/hello", 5000)
    with pytest.raises(RateLimited) as refused:
        await here.check(ME, "octo/hello", 1000)
    assert refused.value.details["retry_after"] == 100
