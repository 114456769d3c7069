"""What alert rules say of CI, and which of them apply now. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import takewhile
from typing import TYPE_CHECKING, Final, Literal

from drone_mcp_build.build_wording import clean_name
from drone_mcp_client.status import is_failure, is_held
from drone_mcp_observe.durations import count, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from drone_mcp_client.models import Build, Repo

Condition = Literal["red", "stuck", "waiting", "silent_feed", "flaky"]
Severity = Literal["critical", "warning", "info"]

CONDITIONS: Final[tuple[Condition, ...]] = ("red", "stuck", "waiting", "silent_feed", "flaky")
SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "warning", "info")

LEAST_COMMITS: Final = 5  # built more than once, for a rate of flaky ones
_DEPLOYMENTS: Final = frozenset({"promote", "rollback"})
_ENDED: Final = frozenset({"success", "failure", "error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """A condition, and how long or how often it must hold.

    Attributes:
        name: of the alert.
        when: the condition.
        longer: seconds that it must have lasted; of `flaky`, the time that is looked at.
        share: percent of the commits that must be flaky.
        repos: globs of the repositories that it is for; empty: all.
    """

    name: str
    when: Condition
    severity: Severity
    longer: int
    share: int = 0
    repos: tuple[str, ...] = ()

    def is_for(self, slug: str) -> bool:
        """Return whether the rule is for a repository."""
        return not self.repos or any(fnmatchcase(slug, glob) for glob in self.repos)


@dataclass(frozen=True, slots=True)
class RepoState:
    """A repository and its newest builds, newest first."""

    repo: Repo
    builds: tuple[Build, ...]


@dataclass(frozen=True, slots=True)
class CiState:
    """What rules look at.

    Attributes:
        repos: the repositories.
        feed_heard: when the store last heard from Drone's webhooks, or compared itself (Unix time); None where no
            receiver fills it.
        now: Unix time.
    """

    repos: tuple[RepoState, ...]
    feed_heard: float | None
    now: float


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that applies.

    Attributes:
        since: when it began (Unix time).
        of: the repository with its builds; None where it is about none.
        build: the number of a build to look at; 0 where there is none.
    """

    rule: AlertRule
    since: float
    summary: str
    of: RepoState | None = None
    build: int = 0


def find_alerts(rules: Sequence[AlertRule], state: CiState) -> list[Alert]:
    """Return what applies, the most severe first, of equal severity the oldest first."""
    found = [alert for rule in rules for alert in _apply(rule, state)]
    return sorted(found, key=lambda alert: (SEVERITIES.index(alert.rule.severity), alert.since, alert.rule.name))


def _apply(rule: AlertRule, state: CiState) -> Iterator[Alert]:
    if rule.when == "silent_feed":
        yield from _find_silent_feed(rule, state)
        return
    for one in state.repos:
        if rule.is_for(one.repo.slug):
            yield from _BY_REPO[rule.when](rule, one, state.now)


def _find_red(rule: AlertRule, one: RepoState, now: float) -> Iterator[Alert]:
    branch = one.repo.default_branch
    ended = [b for b in one.builds if b.ref == f"refs/heads/{branch}" and b.event not in _DEPLOYMENTS and _ends(b)]
    red = list(takewhile(lambda build: is_failure(build.status), ended))
    if red and now - red[-1].finished >= rule.longer:
        lasted = format_duration(now - red[-1].finished)
        more = " or more" if len(red) == len(ended) else ""
        failed = count(len(red), "build")
        summary = f"{clean_name(branch)} is red for {lasted}{more}: {failed} failed since the last green one"
        yield Alert(rule, red[-1].finished, summary, one, red[-1].number)


def _find_stuck(rule: AlertRule, one: RepoState, now: float) -> Iterator[Alert]:
    for build in one.builds:
        if build.status == "running" and build.started and now - build.started >= rule.longer:
            summary = f"build {build.number} runs for {format_duration(now - build.started)}"
            yield Alert(rule, build.started, summary, one, build.number)


def _find_waiting(rule: AlertRule, one: RepoState, now: float) -> Iterator[Alert]:
    waiting = [b for b in one.builds if b.status == "pending" and not is_held(b) and now - b.created >= rule.longer]
    if waiting:
        oldest = min(waiting, key=lambda build: build.created)
        lasted = format_duration(now - oldest.created)
        others = f", and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        yield Alert(rule, oldest.created, f"build {oldest.number} waits for {lasted}{others}", one, oldest.number)


def _find_flaky(rule: AlertRule, one: RepoState, now: float) -> Iterator[Alert]:
    """Count the commits of the time that were built more than once, and those that both passed and failed."""
    results: dict[tuple[str, str, str], list[Build]] = defaultdict(list)
    for build in one.builds:
        if _ends(build) and build.event not in _DEPLOYMENTS and now - build.created <= rule.longer:
            results[build.after, build.ref, str(sorted(build.params.items()))].append(build)
    repeated = [builds for builds in results.values() if len(builds) > 1]
    mixed = [builds for builds in repeated if len({is_failure(build.status) for build in builds}) > 1]
    if len(repeated) >= LEAST_COMMITS and mixed and 100 * len(mixed) >= rule.share * len(repeated):
        newest = max((build for builds in mixed for build in builds), key=lambda build: build.number)
        share = f"{len(mixed) / len(repeated):.0%}"
        summary = f"{share} of the {len(repeated)} commits that were built again both passed and failed"
        yield Alert(rule, min(builds[-1].finished for builds in mixed), summary, one, newest.number)


def _find_silent_feed(rule: AlertRule, state: CiState) -> Iterator[Alert]:
    if state.feed_heard is not None and state.now - state.feed_heard >= rule.longer:
        lasted = format_duration(state.now - state.feed_heard)
        yield Alert(rule, state.feed_heard, f"the store has heard nothing from Drone for {lasted}")


def _ends(build: Build) -> bool:
    return build.status in _ENDED and build.finished > 0


_BY_REPO: Final = {"red": _find_red, "stuck": _find_stuck, "waiting": _find_waiting, "flaky": _find_flaky}
