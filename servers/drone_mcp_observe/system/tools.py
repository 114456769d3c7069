"""The tools about running systems: arguments in, a few requests, a view out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from ci_mcp_kit.tools import tool
from drone_mcp_observe.views import IncidentView, LogsView, MetricsView, SystemAlertsView, TraceView

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_observe.access import ObserveAccess
    from drone_mcp_observe.settings import ObserveSettings

Since = Annotated[str, Field(max_length=10, description="how long ago, like 30m, 6h, 2d; up to 10 characters")]
Until = Annotated[str | None, Field(max_length=10, description="likewise; default: now; up to 10 characters")]
Target = Annotated[str | None, Field(max_length=100, description="deployments of it; up to 100 characters")]
OwnQuery = Annotated[str | None, Field(max_length=1_000, description="default: the operator's; up to 1,000 characters")]
Matcher = Annotated[str, Field(max_length=200)]

_NO_REPO: Final = "Name a repo to see the deployment before each alert"


class SystemTools:
    """The tools about running systems. `clock` gives the Unix time."""

    def __init__(self, access: ObserveAccess, settings: ObserveSettings, clock: Callable[[], float]) -> None:
        self._access = access
        self._settings = settings
        self._clock = clock

    @tool(title="Explain an incident", schema="incident/1")
    async def drone_explain_incident(
        self,
        target: Annotated[str, Field(min_length=1, max_length=100, description="environment, 1 to 100 characters")],
        repo: Annotated[str | None, Field(description="owner/name or URL; default: git remote")] = None,
        since: Since = "3h",
        error_query: OwnQuery = None,
        log_query: OwnQuery = None,
    ) -> IncidentView:
        """What began to go wrong in a target, and after which deployment with which commits."""
        from drone_mcp_observe.incident.presenting import present_incident  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_observe.incident.reading import Question, read_incident  # noqa: PLC0415 - likewise
        from drone_mcp_observe.system.time_range import read_range  # noqa: PLC0415 - likewise

        question = Question(
            self._access.resolve_repo(repo),
            target,
            read_range(since, None, self._clock()),
            error_query or self._settings.error_query,
            log_query or self._settings.log_query,
        )
        return present_incident(question, await read_incident(self._access, question))

    @tool(title="Query metrics", schema="metrics/1")
    async def drone_query_metrics(
        self,
        query: Annotated[str, Field(min_length=1, max_length=1_000, description="PromQL, 1 to 1,000 characters")],
        mode: Annotated[
            Literal["range", "instant", "labels"], Field(description="labels: query is a selector")
        ] = "range",
        since: Since = "1h",
        until: Until = None,
        limit: Annotated[int, Field(ge=1, le=30, description="1 to 30")] = 10,
    ) -> MetricsView:
        """Prometheus: lowest, highest, last value and a sparkline of each series."""
        from drone_mcp_observe.system import metric_summaries  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_observe.system.time_range import read_range  # noqa: PLC0415 - likewise
        from monitoring_client import prometheus  # noqa: PLC0415 - likewise
        from monitoring_client.service_descriptors import METRICS  # noqa: PLC0415 - likewise

        time, endpoint = read_range(since, until, self._clock()), self._access.endpoints.choose(METRICS)
        if mode == "labels":
            found = await self._access.ask(endpoint, prometheus.find_series(query, time.start, time.end))
            return metric_summaries.present_labels(found, time)
        if mode == "instant":
            values = await self._access.ask(endpoint, prometheus.query(query, time.end))
            return metric_summaries.present_instant(values, time, limit)
        series = await self._access.ask(endpoint, prometheus.query_range(query, time.start, time.end))
        return metric_summaries.present_range(series, time, limit)

    @tool(title="Search logs of running systems", schema="system-logs/1")
    async def drone_search_logs(
        self,
        query: Annotated[
            str, Field(min_length=1, max_length=1_000, description="LogQL or LogsQL, 1 to 1,000 characters")
        ],
        since: Since = "1h",
        until: Until = None,
    ) -> LogsView:
        """Loki or VictoriaLogs: recurring patterns, and the lines that say what went wrong."""
        from drone_mcp_observe.system import log_patterns  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_observe.system.reading import search_logs  # noqa: PLC0415 - likewise
        from drone_mcp_observe.system.time_range import read_range  # noqa: PLC0415 - likewise

        time = read_range(since, until, self._clock())
        return log_patterns.present_logs(await search_logs(self._access, query, time.start, time.end), time)

    @tool(title="Get a trace", schema="trace/1")
    async def drone_get_trace(
        self, trace_id: Annotated[str, Field(max_length=40, description="hexadecimal, up to 40 characters")]
    ) -> TraceView:
        """Jaeger or Tempo: failed spans and the critical path of one trace."""
        from drone_mcp_observe.system.reading import read_trace  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_observe.system.trace_summaries import present_trace  # noqa: PLC0415 - likewise

        return present_trace(await read_trace(self._access, trace_id))

    @tool(title="List alerts of running systems", schema="system-alerts/1")
    async def drone_list_alerts(
        self,
        filters: Annotated[
            list[Matcher] | None, Field(max_length=10, description='up to 10 matchers, like severity="page"')
        ] = None,
        repo: Annotated[str | None, Field(description="owner/name, for deployments; default: git remote")] = None,
        target: Target = None,
        limit: Annotated[int, Field(ge=1, le=50, description="1 to 50")] = 10,
    ) -> SystemAlertsView:
        """Alertmanager: what fires, since when, silenced or not, and which deployment came before."""
        from drone_mcp_observe.system.alert_summaries import present_alerts  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_observe.system.reading import read_deployments  # noqa: PLC0415 - likewise
        from monitoring_client import alertmanager  # noqa: PLC0415 - likewise
        from monitoring_client.service_descriptors import ALERTS  # noqa: PLC0415 - likewise

        endpoint = self._access.endpoints.choose(ALERTS)
        slug = self._access.resolve_repo(repo) if repo or self._access.default_repo() else None
        alerts = await self._access.ask(endpoint, alertmanager.alerts(tuple(filters or ())))
        builds = await read_deployments(self._access, slug) if slug and alerts else ()
        note = "" if slug or not alerts else _NO_REPO
        return present_alerts(alerts, builds, target, self._clock(), limit, note)
