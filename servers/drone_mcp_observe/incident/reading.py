"""Reads what an incident needs from whatever is set; a source that fails is named, and the others answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.concurrency import run_all
from ci_mcp_kit.errors import ServiceError
from drone_mcp_build.guard.action import DEPLOYMENTS
from drone_mcp_deployments.history import deployments_to
from drone_mcp_observe.incident.symptoms import (
    Symptom,
    find_alert_symptoms,
    find_last,
    find_log_symptoms,
    find_metric_symptoms,
)
from drone_mcp_observe.system.reading import read_deployments, search_logs
from monitoring_client import alertmanager, prometheus
from monitoring_client.service_descriptors import ALERTS, LOGS, METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from drone_mcp_client.models import Build
    from drone_mcp_observe.access import ObserveAccess
    from drone_mcp_observe.system.time_range import TimeRange
    from monitoring_client.log_records import LogRecord

_TARGET: Final = "{target}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about.

    Attributes:
        error_query: of the metrics; "" for none. `{target}` in it stands for the target.
        log_query: of the logs, likewise.
    """

    repo: str
    target: str
    time: TimeRange
    error_query: str
    log_query: str


@dataclass(slots=True)
class Incident:
    """What was read.

    Attributes:
        builds: the newest builds of the repository, newest first.
        deployments: those of the target that began before the end of the time, newest first.
        notes: a sentence for each source that is missing or has failed.
    """

    builds: tuple[Build, ...]
    deployments: tuple[Build, ...]
    symptoms: list[Symptom]
    notes: list[str]


async def read_incident(access: ObserveAccess, question: Question) -> Incident:
    """Read deployments, alerts, error rates and log lines.

    Raises:
        ServiceError: Drone cannot be asked.
    """
    builds = await read_deployments(access, question.repo)
    begun = [b for b in deployments_to(question.target, builds) if 0 < b.started <= question.time.end]
    incident = Incident(builds, tuple(begun), [], [])
    await run_all(
        partial(_collect, incident, partial(_read_alerts, access, question, builds)),
        partial(_collect, incident, partial(_read_metrics, access, question)),
    )
    # Last, because new lines are those that the logs lacked before the deployment to which the other symptoms point.
    pivot = find_pivot(incident, question.time)
    await _collect(incident, partial(_read_logs, access, question, pivot))
    return incident


def find_pivot(incident: Incident, time: TimeRange) -> float:
    """Return the time that divides before and after: the start of the deployment that came before what is new.

    Without one in the time, it is the middle.
    """
    first = min((one.at for one in incident.symptoms if one.is_new), default=time.end)
    last = find_last(incident.deployments, first) or find_last(incident.deployments, time.end)
    return last.started if last and last.started > time.start else (time.start + time.end) / 2


async def _collect(incident: Incident, read: Callable[[], Coroutine[None, None, list[Symptom] | str]]) -> None:
    """Add the symptoms that `read` finds, or the reason why it finds none."""
    try:
        found = await read()
    except ServiceError as error:
        incident.notes.append(f"{error.service.name}: {error.message}")
        return
    if isinstance(found, str):
        incident.notes.append(found)
    else:
        incident.symptoms += found


async def _read_alerts(access: ObserveAccess, question: Question, builds: tuple[Build, ...]) -> list[Symptom] | str:
    endpoint = access.endpoints.find(ALERTS)
    if endpoint is None:
        return "No alerts: ALERTMANAGER_SERVER is not set"
    others = {b.deploy_to for b in builds if b.event in DEPLOYMENTS} - {question.target}
    alerts = await access.ask(endpoint, alertmanager.alerts())
    return find_alert_symptoms(alerts, question.time.start, question.target, others)


async def _read_metrics(access: ObserveAccess, question: Question) -> list[Symptom] | str:
    endpoint = access.endpoints.find(METRICS)
    if endpoint is None:
        return "No error rate: PROMETHEUS_SERVER is not set"
    if not question.error_query:
        return "No error rate: give error_query, or have the operator set DRONE_MCP_ERROR_QUERY"
    query = fill_in(question.error_query, question.target)
    series = await access.ask(endpoint, prometheus.query_range(query, question.time.start, question.time.end))
    return find_metric_symptoms(series)


async def _read_logs(access: ObserveAccess, question: Question, pivot: float) -> list[Symptom] | str:
    if access.endpoints.find(LOGS) is None:
        return "No log lines: neither LOKI_SERVER nor VICTORIALOGS_SERVER is set"
    if not question.log_query:
        return "No log lines: give log_query, or have the operator set DRONE_MCP_LOG_QUERY"
    query = fill_in(question.log_query, question.target)
    # Apart: many lines after the deployment would leave no room for those before it, and everything would seem new.
    before: tuple[LogRecord, ...] = await search_logs(access, query, question.time.start, pivot)
    return find_log_symptoms((*before, *await search_logs(access, query, pivot, question.time.end)), pivot)


def fill_in(query: str, target: str) -> str:
    """Return a query with the target in the place of `{target}`, escaped for the text in double quotes around it."""
    return query.replace(_TARGET, target.replace("\\", "\\\\").replace('"', '\\"'))
