"""Statistics of builds, stages and steps, and how they change. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from drone_mcp_build.refs import branch_of
from drone_mcp_client.status import is_failure
from drone_mcp_diagnosis.flaky_steps import wilson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from drone_mcp_client.models import Build

Grouping = Literal["repo", "branch", "stage", "step"]

LEAST: Final = 4  # samples in each half, for a comparison of the two
_LEAST_SECONDS: Final = 10  # by which a median must change: less is noise of the runner


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of a build, stage or step.

    Attributes:
        name: of what ran.
        at: when it was created (Unix time).
        seconds: how long it ran; None where that is not known.
        wait: seconds from when it could run to its start; None where it does not wait by itself, or never started.
        failed: None where its end says nothing, as that of a cancelled run.
    """

    name: str
    at: float
    seconds: float | None
    wait: float | None
    failed: bool | None


@dataclass(frozen=True, slots=True)
class Change:
    """A change from the older half of the time to the newer one, in words, and whether it is for the worse."""

    text: str
    is_worse: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """The samples of one name, oldest first, and how the newer half of the time compares with the older one."""

    name: str
    samples: tuple[Sample, ...]
    changes: tuple[Change, ...]

    @property
    def seconds(self) -> list[float]:
        """The known durations."""
        return [one.seconds for one in self.samples if one.seconds is not None]

    @property
    def waits(self) -> list[float]:
        """The known waits."""
        return [one.wait for one in self.samples if one.wait is not None]

    @property
    def failure_rate(self) -> float | None:
        """The share of failed runs among those whose end counts; None where there is none."""
        return failure_rate(self.samples)

    @property
    def is_worse(self) -> bool:
        """Whether anything has become worse."""
        return any(change.is_worse for change in self.changes)


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least `share` (0 to 1) of the values do not exceed; None for no values."""
    if not values:
        return None
    # The nearest rank: always a value that was measured.
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def failure_rate(samples: Iterable[Sample]) -> float | None:
    """Return the share of failed runs among those whose end counts; None where there is none."""
    ends = [one.failed for one in samples if one.failed is not None]
    return sum(ends) / len(ends) if ends else None


def samples_of(repo: str, build: Build, by: Grouping) -> Iterator[Sample]:
    """Yield the samples of a build: one for itself, or one for each of its stages or steps."""
    if by in {"repo", "branch"}:
        name = repo if by == "repo" else branch_of(build)
        seconds = _span(build.started, build.finished)
        yield Sample(name, build.created, seconds, _span(build.created, build.started), _has_failed(build.status))
        return
    ends = {stage.name: stage.stopped for stage in build.stages}
    for stage in build.stages:
        if by == "stage":
            seconds = _span(stage.started, stage.stopped)
            # It waits for a runner only once the stages that it depends on have ended.
            ready = max([stage.created, *(ends.get(name, 0) for name in stage.depends_on)])
            wait = _span(ready, stage.started)
            yield Sample(stage.name, build.created, seconds, wait, _has_failed(stage.status))
            continue
        for step in stage.steps:
            seconds = _span(step.started, step.stopped)
            yield Sample(f"{stage.name}/{step.name}", build.created, seconds, None, _has_failed(step.status))


def find_trends(samples: Iterable[Sample], middle: float) -> list[Trend]:
    """Return the trend of each name: what becomes worse first, then what runs most; `middle` divides old and new."""
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.name].append(sample)
    trends = [
        Trend(name, tuple(sorted(group, key=lambda one: one.at)), tuple(_compare(group, middle)))
        for name, group in groups.items()
    ]
    return sorted(trends, key=lambda trend: (not trend.is_worse, -len(trend.samples), trend.name))


def _compare(samples: Sequence[Sample], middle: float) -> Iterator[Change]:
    old = [one for one in samples if one.at < middle]
    new = [one for one in samples if one.at >= middle]
    changes = (
        _compare_times("median", [o.seconds for o in old], [n.seconds for n in new]),
        _compare_times("wait", [o.wait for o in old], [n.wait for n in new]),
        _compare_failures(old, new),
    )
    yield from (change for change in changes if change)


def _compare_times(what: str, old: Iterable[float | None], new: Iterable[float | None]) -> Change | None:
    """Compare the medians; they count as different if the new one is outside the middle half of the old values."""
    before, after = ([value for value in values if value is not None] for values in (old, new))
    was, now = percentile(before, 0.5), percentile(after, 0.5)
    if was is None or now is None or min(len(before), len(after)) < LEAST or abs(now - was) < _LEAST_SECONDS:
        return None
    low, high = percentile(before, 0.25), percentile(before, 0.75)
    if low is None or high is None or low <= now <= high:
        return None
    return Change(f"{what} {was:.0f} s to {now:.0f} s", is_worse=now > was)


def _compare_failures(old: Sequence[Sample], new: Sequence[Sample]) -> Change | None:
    """Compare the failure rates; they count as different if neither is within the other's interval of 95 %."""
    before, after = ([one.failed for one in half if one.failed is not None] for half in (old, new))
    if min(len(before), len(after)) < LEAST:
        return None
    was, now = sum(before) / len(before), sum(after) / len(after)
    (was_low, was_high), (low, high) = wilson(sum(before), len(before)), wilson(sum(after), len(after))
    if was_low <= now <= was_high or low <= was <= high:
        return None
    return Change(f"failures {was:.0%} to {now:.0%}", is_worse=now > was)


def _span(start: int, end: int) -> float | None:
    return max(0.0, float(end - start)) if start and end else None


def _has_failed(status: str) -> bool | None:
    if status == "killed":
        return None
    return True if is_failure(status) else False if status == "success" else None
