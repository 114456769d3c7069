"""The calls of Alertmanager's API v2 (prometheus/alertmanager v0.27.0, api/v2/openapi.yaml)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, TypeAdapter

from monitoring_client.alerts import SystemAlert
from monitoring_client.responses import get
from monitoring_client.service_descriptors import ALERTMANAGER

if TYPE_CHECKING:
    from ci_mcp_http.call import Call


class _Status(BaseModel):
    state: str
    silencedBy: tuple[str, ...] = ()  # noqa: N815 - the name in the API
    inhibitedBy: tuple[str, ...] = ()  # noqa: N815 - likewise


class _Alert(BaseModel):
    startsAt: datetime  # noqa: N815 - the name in the API
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    status: _Status


_ALERTS: Final = TypeAdapter(tuple[_Alert, ...])


def alerts(matchers: tuple[str, ...] = ()) -> Call[tuple[SystemAlert, ...]]:
    """List the alerts that fire and that all matchers (`service="shop"`) match, silenced and inhibited ones too."""
    params = tuple(("filter", matcher) for matcher in matchers)
    return get(ALERTMANAGER, "alerts.list", "the alerts", "/api/v2/alerts", _read, params)


def _read(body: bytes) -> tuple[SystemAlert, ...]:
    return tuple(
        SystemAlert(
            since=one.startsAt.timestamp(),
            labels=one.labels,
            # The names that Prometheus's own examples use, and most rules with them.
            summary=one.annotations.get("summary") or one.annotations.get("description", ""),
            silenced=bool(one.status.silencedBy),
            inhibited=bool(one.status.inhibitedBy),
        )
        for one in _ALERTS.validate_json(body)
    )
