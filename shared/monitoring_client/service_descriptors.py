"""The monitoring services, and how to reach one."""

from __future__ import annotations

from typing import Final

from ci_mcp_kit.errors import Service


def _service(name: str, prefix: str) -> Service:
    return Service(
        name=name,
        code="MONITORING_ERROR",
        address=f"{prefix}_SERVER",
        token=f"{prefix}_TOKEN",
        token_file=f"{prefix}_TOKEN_FILE",
        token_source=f"a token that {name}, or the proxy before it, takes as a bearer token",
        # The limits and authorities of a process are the same for every service that it asks.
        ca_file="DRONE_MCP_CA_FILE",
        max_body="DRONE_MCP_MAX_BODY",
        optional=True,
    )


PROMETHEUS: Final = _service("Prometheus", "PROMETHEUS")
ALERTMANAGER: Final = _service("Alertmanager", "ALERTMANAGER")
LOKI: Final = _service("Loki", "LOKI")
VICTORIALOGS: Final = _service("VictoriaLogs", "VICTORIALOGS")
JAEGER: Final = _service("Jaeger", "JAEGER")
TEMPO: Final = _service("Tempo", "TEMPO")

METRICS: Final = (PROMETHEUS,)
ALERTS: Final = (ALERTMANAGER,)
LOGS: Final = (LOKI, VICTORIALOGS)
TRACES: Final = (JAEGER, TEMPO)

SERVICES: Final = (*METRICS, *ALERTS, *LOGS, *TRACES)
"""All of them; a process asks at most one of each kind."""
