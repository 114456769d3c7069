"""Finds symptoms in what monitoring services hold, and ranks them by novelty and time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_build.build_wording import clean_name
from drone_mcp_observe.system.alert_summaries import state_of
from drone_mcp_observe.system.log_patterns import find_patterns
from drone_mcp_observe.system.metric_summaries import name_labels, shorten

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from drone_mcp_client.models import Build
    from monitoring_client.alerts import SystemAlert
    from monitoring_client.log_records import LogRecord
    from monitoring_client.series import Series

LEAST_BEFORE: Final = 3  # points before an onset: with fewer there is no usual value
_RISE: Final = 2.0  # times the usual value

_TEXT_WIDTH: Final = 140  # characters
_MOST_OF_A_KIND: Final = 5


@dataclass(frozen=True, slots=True)
class Symptom:
    """Something that goes wrong since a time (Unix).

    Attributes:
        is_new: whether it was not there before.
    """

    kind: Literal["alert", "metric", "log"]
    at: float
    text: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Ranked:
    """A symptom, and the deployment that began last before it, if there is one."""

    symptom: Symptom
    after: Build | None

    @property
    def delay(self) -> float | None:
        """Seconds from the start of that deployment."""
        return self.symptom.at - self.after.started if self.after else None


def rank(symptoms: Iterable[Symptom], deployments: Sequence[Build]) -> list[Ranked]:
    """Return what is new first, what came soonest after a deployment before the rest."""
    found = [Ranked(symptom, find_last(deployments, symptom.at)) for symptom in symptoms]
    return sorted(
        found,
        key=lambda one: (
            not one.symptom.is_new,
            one.delay is None,
            one.delay or 0.0,
            one.symptom.at,
            one.symptom.kind,
            one.symptom.text,
        ),
    )


def find_last(deployments: Sequence[Build], at: float) -> Build | None:
    """Return the deployment that began last by a time (Unix)."""
    begun = [build for build in deployments if 0 < build.started <= at]
    return max(begun, key=lambda build: build.started, default=None)


def find_onset(points: Sequence[tuple[float, float]]) -> float | None:
    """Return when a series rose and stayed up: the first of two points that exceed all before and twice the usual.

    None where it did not rise. `points` are (Unix time, value), oldest first.
    """
    for index in range(LEAST_BEFORE, len(points) - 1):
        before = [value for _, value in points[:index]]
        limit = max(*before, _RISE * median(before))
        if points[index][1] > limit and points[index + 1][1] > limit:
            return points[index][0]
    return None


def find_alert_symptoms(
    alerts: Iterable[SystemAlert], start: float, target: str, others: Collection[str]
) -> list[Symptom]:
    """Return the alerts, but for those whose labels name another target; what was there before `start` is not new."""
    found = []
    for alert in alerts:
        named = set(alert.labels.values())
        if target not in named and named & set(others):
            continue
        state = state_of(alert)
        text = f"{clean_name(alert.name)} ({state}): {one_line(alert.summary, _TEXT_WIDTH)}".removesuffix(": ")
        found.append(Symptom("alert", alert.since, text, is_new=state == "firing" and alert.since >= start))
    return sorted(found, key=lambda one: (not one.is_new, -one.at))[:_MOST_OF_A_KIND]


def find_metric_symptoms(series: Iterable[Series]) -> list[Symptom]:
    """Return the series that rose and stayed up, those that rose first before the others."""
    found = []
    for one in series:
        onset = find_onset(one.points)
        if onset is not None:
            usual = median(value for at, value in one.points if at < onset)
            highest = max(value for at, value in one.points if at >= onset)
            name = name_labels(one.labels, {}) or "the query"
            text = f"{name} rose from {shorten(usual):g} to {shorten(highest):g}"
            found.append(Symptom("metric", onset, text, is_new=True))
    return sorted(found, key=lambda one: one.at)[:_MOST_OF_A_KIND]


def find_log_symptoms(records: Sequence[LogRecord], pivot: float) -> list[Symptom]:
    """Return the patterns of lines, those that first came after `pivot` (Unix time) as new, the most frequent first."""
    patterns = find_patterns(records)
    ordered = sorted(patterns, key=lambda one: (one.first < pivot, -one.count, one.first))
    return [
        Symptom("log", one.first, f"{one.count} x {one_line(one.text, _TEXT_WIDTH)}", is_new=one.first >= pivot)
        for one in ordered[:_MOST_OF_A_KIND]
    ]
