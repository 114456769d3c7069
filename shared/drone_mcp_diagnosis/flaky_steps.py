"""Finds steps that pass and fail on the same commit, and how often. Pure statistics over whole builds.

Builds are of the same work where commit, parameters and target environment are the same: restarts, a push and its pull
request, cron jobs.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from drone_mcp_diagnosis.step_outcomes import StepRun, runs_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from drone_mcp_client.models import Build

_Z = 1.959964  # of the normal distribution, for 95 %


@dataclass(frozen=True, slots=True)
class Mixed:
    """The runs on one commit of a step that passed and failed there, oldest first."""

    commit: str
    runs: tuple[StepRun, ...]


@dataclass(frozen=True, slots=True)
class FlakyStep:
    """A step that passed and failed on the same commit.

    Attributes:
        name: of stage and step.
        failed: its failed runs on commits that it passed on, of `runs` in all on such commits.
        low, high: where the true rate lies in 19 of 20 cases (Wilson's score interval).
        ignored: whether all its failures are ignored.
        mixed: the evidence, newest commit first.
    """

    name: tuple[str, str]
    failed: int
    runs: int
    low: float
    high: float
    ignored: bool
    mixed: tuple[Mixed, ...]


def wilson(failed: int, runs: int) -> tuple[float, float]:
    """Return the bounds of Wilson's score interval at 95 % for `failed` of `runs`; (0, 1) where nothing ran."""
    # E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927). The normal
    # approximation would give no width at all to 1 of 1, and bounds below 0 and above 1.
    if runs == 0:
        return 0.0, 1.0
    rate, weight = failed / runs, _Z * _Z / runs
    center = rate + weight / 2
    spread = _Z * sqrt(rate * (1 - rate) / runs + weight / (4 * runs))
    low, high = (center - spread) / (1 + weight), (center + spread) / (1 + weight)
    # Exactly 0 and 1 at the ends, where rounding would leave some 1e-17.
    return (max(0.0, low) if failed else 0.0), (min(1.0, high) if failed < runs else 1.0)


def flaky_steps(builds: Iterable[Build]) -> tuple[FlakyStep, ...]:
    """Return all flaky steps; the highest lower bound of the failure rate comes first."""
    groups: dict[tuple[str, str], dict[Hashable, list[StepRun]]] = defaultdict(lambda: defaultdict(list))
    for build in sorted(builds, key=lambda build: build.number):
        for name, run in runs_of(build):
            work = build.after, build.deploy_to, tuple(sorted(build.params.items()))
            groups[name][work].append(run)
    judged = (_judged(name, list(works.values())) for name, works in groups.items())
    # By the lower bound, so that 1 of 2 does not precede 20 of 50.
    return tuple(sorted((one for one in judged if one), key=lambda one: (-one.low, -one.failed, one.name)))


def _judged(name: tuple[str, str], works: Sequence[Sequence[StepRun]]) -> FlakyStep | None:
    # On a commit where it never passed, a step is broken and not flaky; its runs there would raise the rate.
    able = [runs for runs in works if any(run.passed for run in runs)]
    mixed = [runs for runs in able if not all(run.passed for run in runs)]
    if not mixed:
        return None
    failures = [run for runs in mixed for run in runs if not run.passed]
    count = sum(map(len, able))
    evidence = sorted(mixed, key=lambda runs: -runs[-1].build.number)
    return FlakyStep(
        name,
        len(failures),
        count,
        *wilson(len(failures), count),
        ignored=all(run.ignored for run in failures),
        mixed=tuple(Mixed(runs[0].build.after, tuple(runs)) for runs in evidence),
    )
