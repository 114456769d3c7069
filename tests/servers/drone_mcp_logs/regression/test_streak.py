"""The rules by which the beginning of a failure is found, over any history at all."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_client.models import Build
from drone_mcp_logs.regression.streak import Outcome, first_alike, kept_rows, outcome_of, streak_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

STATUSES = ["success", "failure", "error", "killed", "skipped", "declined", "running", "pending", "of a later release"]


def history(statuses: Sequence[str]) -> list[Build]:
    """Make builds, the newest first."""
    top = len(statuses)
    return [Build(number=top - index, status=status) for index, status in enumerate(statuses)]


histories = st.lists(st.sampled_from(STATUSES), max_size=30).map(history)


@given(histories)
def test_the_streak_is_what_failed_since_the_last_good_build(builds: list[Build]) -> None:
    streak = streak_of(builds, outcome_of)
    good = next((build for build in builds if build.status == "success"), None)
    since = [build for build in builds if good is None or build.number > good.number]
    assert streak.last_good == good
    assert list(streak.bad) == [build for build in since if build.status in {"failure", "error"}]
    assert all(outcome_of(build) is Outcome.NOTHING for build in streak.silent)
    reported = sorted((*streak.bad, *streak.silent), key=lambda build: -build.number)
    assert [*reported, *([good] if good else []), *streak.older] == builds, "every build has its place"


@given(histories)
def test_every_build_after_the_last_good_one_is_bad_or_said_to_say_nothing(builds: list[Build]) -> None:
    streak = streak_of(builds, outcome_of)
    if not (streak.bad and streak.last_good):
        return
    first = streak.bad[-1]
    gap = [b for b in builds if streak.last_good.number < b.number < first.number]
    assert list(streak.between) == gap
    assert all(build in streak.silent for build in gap)


def test_where_the_newest_build_that_says_something_is_good_nothing_is_broken() -> None:
    streak = streak_of(history(["running", "success", "failure"]), outcome_of)
    assert streak.bad == ()
    assert streak.newest == Build(number=2, status="success")


async def test_all_failures_are_compared_where_that_is_affordable() -> None:
    bad = history(["failure"] * 6)
    alike = {6, 5, 2}  # not next to each other: another failure came between
    assert (await first_alike(bad, _of(alike), 5)).number == 2


@given(st.integers(2, 300), st.data())
@pytest.mark.anyio
async def test_halving_finds_the_first_of_those_that_fail_alike_in_few_looks(count: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, count))
    looked: list[int] = []

    async def alike(build: Build) -> bool:
        looked.append(build.number)
        return build.number >= first

    assert (await first_alike(history(["failure"] * count), alike, 0)).number == first
    assert len(looked) <= math.ceil(math.log2(count)) + 1


@given(histories, st.lists(st.integers(1, 30), max_size=8), st.integers(1, 12))
def test_a_listing_keeps_what_tells_most_and_counts_the_rest(
    builds: list[Build], telling: list[int], most: int
) -> None:
    rows = kept_rows(builds, telling, most)
    kept = [row.number for row in rows if isinstance(row, Build)]
    left = sum(row for row in rows if isinstance(row, int))
    assert len(kept) + left == len(builds)
    assert kept == sorted(kept, reverse=True)
    told_first = list(dict.fromkeys(telling))[:most]
    assert {number for number in told_first if number <= len(builds)} <= set(kept)
    assert not any(isinstance(row, int) and isinstance(after, int) for row, after in pairwise(rows))


def _of(numbers: set[int]) -> Callable[[Build], Awaitable[bool]]:
    async def alike(build: Build) -> bool:
        return build.number in numbers

    return alike
