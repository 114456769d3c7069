"""The answers of this server's tools. Empty fields are left out."""

from __future__ import annotations

from pydantic import Field

from ci_mcp_kit.answer import View


class QueuedStage(View):
    """A stage that waits or runs."""

    repo: str = ""
    build: int | None = None
    stage: str
    status: str
    seconds: int = Field(description="waiting or running")
    reason: str = ""
    why: str = ""
    runner: str = ""
    needs: str = Field(default="", description="type and platform of its runner")


class QueueView(View):
    """Drone's queue. reason: limit, throttle, no_runner, accepted, busy, stalled or new."""

    pending: int
    running: int
    summary: str
    stages: tuple[QueuedStage, ...]
    left_out: str = ""
    note: str = ""
    next_step: str = ""


class TrendItem(View):
    """How one repository, branch, stage or step did; times in seconds, rates in percent."""

    name: str
    builds: int
    failed: float | None = None
    median: float | None = None
    p95: float | None = None
    wait_median: float | None = None
    wait_p95: float | None = None
    durations: str = Field(default="", description="sparkline over the time")
    worse: str = ""
    better: str = ""


class TrendsView(View):
    """Durations, waits for a runner and failure rates; what gets worse comes first."""

    by: str
    repo: str = ""
    since: str | None
    builds: int
    items: tuple[TrendItem, ...]
    left_out: str = ""
    note: str = ""


class CiAlert(View):
    """A rule that applies now."""

    alert: str
    severity: str
    repo: str = ""
    build: int | None = None
    since: str | None = None
    summary: str
    history: str = Field(default="", description="sparkline of failed builds, by day")


class CiAlertsView(View):
    """The alerts about CI itself, the most severe first."""

    alerts: tuple[CiAlert, ...]
    checked: str
    rules: str = Field(description="their file")
    left_out: str = ""
    note: str = ""


class MetricItem(View):
    """A series, or a label with some of its values."""

    labels: str
    last: float | None = None
    min: float | None = None
    max: float | None = None
    drawn: str = Field(default="", description="sparkline over the time")


class MetricsView(View):
    """The result of a query of metrics, the highest series first; `common` are the labels of all of them."""

    start: str | None
    end: str | None
    series: int
    common: str = ""
    items: tuple[MetricItem, ...]
    left_out: str = ""
    note: str = ""


class LogPattern(View):
    """Lines that are equal but for numbers, ids and times, with the first of them."""

    count: int
    first: str | None
    last: str | None = None
    line: str


class LogsView(View):
    """Lines of logs. `log` holds all of them, or those that say what went wrong, with the time of day in UTC."""

    start: str | None
    end: str | None
    matches: int
    common: str = ""
    drawn: str = Field(default="", description="sparkline of matches over the time")
    patterns: tuple[LogPattern, ...] = ()
    log: str = ""
    left_out: str = ""
    note: str = ""


class FailedSpan(View):
    """A span that failed; `at` are milliseconds after the trace began."""

    span: str
    at: float
    milliseconds: float
    error: str = ""


class PathStretch(View):
    """What a span itself added to the duration of the trace; `share` in percent."""

    span: str
    milliseconds: float
    share: int


class TraceView(View):
    """A trace. Of `failed`, spans in which a failure began come first."""

    start: str | None
    root: str
    milliseconds: float
    spans: int
    services: tuple[str, ...] = ()
    failed: tuple[FailedSpan, ...] = ()
    critical_path: tuple[PathStretch, ...] = ()
    left_out: str = ""
    note: str = ""


class DeploymentBefore(View):
    """The deployment that ended last before something began."""

    target: str
    number: int
    commit: str
    at: str | None
    before: str = Field(description="how long before")


class SystemAlertItem(View):
    """An alert that fires."""

    alert: str
    severity: str = ""
    since: str | None
    lasts: str
    state: str = Field(description="firing, silenced or inhibited")
    summary: str = ""
    labels: str = ""
    deployment: DeploymentBefore | None = None


class SystemAlertsView(View):
    """The alerts that fire: those that nobody silenced first, then the newest first."""

    firing: int
    silenced: int
    alerts: tuple[SystemAlertItem, ...]
    left_out: str = ""
    note: str = ""
    next_step: str = ""


class SymptomItem(View):
    """Something that goes wrong; `new`: it was not there before."""

    kind: str = Field(description="alert, metric or log")
    at: str | None
    new: bool
    what: str
    after: str = Field(default="", description="how long after which deployment")


class IncidentDeployment(View):
    """A deployment of the target, with the commits that it brought."""

    number: int
    event: str
    status: str
    at: str | None
    by: str = ""
    commit: str
    source: int | None = None
    commits: tuple[str, ...] = ()
    new_symptoms: int


class IncidentView(View):
    """Symptoms, new ones soonest after a deployment first, and the deployments of the target, newest first."""

    repo: str
    target: str
    start: str | None
    end: str | None
    summary: str
    symptoms: tuple[SymptomItem, ...]
    deployments: tuple[IncidentDeployment, ...]
    left_out: str = ""
    note: str = ""
