"""Reads logs and traces from the service that is set, and the deployments from Drone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_diagnosis.build_history import Requests
from drone_mcp_observe.history import read_history
from drone_mcp_observe.system.log_patterns import MOST_LINES
from monitoring_client import jaeger, loki, tempo, victorialogs
from monitoring_client.service_descriptors import JAEGER, LOGS, LOKI, TRACES

if TYPE_CHECKING:
    from drone_mcp_client.models import Build
    from drone_mcp_observe.access import ObserveAccess
    from monitoring_client.log_records import LogRecord
    from monitoring_client.traces import Span

_PAGES: Final = 3  # of 100 builds, in which deployments are looked for


async def search_logs(access: ObserveAccess, query: str, start: float, end: float) -> tuple[LogRecord, ...]:
    """Return the newest lines that a query matches, in order of time.

    Raises:
        InvalidInput: no service of logs is set, or it refuses the query.
    """
    endpoint = access.endpoints.choose(LOGS)
    search = loki.search if endpoint.service == LOKI else victorialogs.search
    return await access.ask(endpoint, search(query, start, end, MOST_LINES))


async def read_trace(access: ObserveAccess, trace_id: str) -> tuple[Span, ...]:
    """Return the spans of a trace.

    Raises:
        InvalidInput: no service of traces is set, or this is no id of a trace.
        NotFound: there is no such trace.
    """
    endpoint = access.endpoints.choose(TRACES)
    trace = jaeger.trace if endpoint.service == JAEGER else tempo.trace
    return await access.ask(endpoint, trace(trace_id))


async def read_deployments(access: ObserveAccess, slug: str) -> tuple[Build, ...]:
    """Return the newest builds of a repository, its deployments among them, newest first."""
    history = await read_history(access, slug, 0, Requests(_PAGES), stages=False)
    return history.builds
