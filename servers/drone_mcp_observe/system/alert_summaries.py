"""Presents the alerts of running systems, each with the deployment that came before it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_build.build_wording import SHORT_COMMIT, clean_name
from drone_mcp_build.guard.action import DEPLOYMENTS
from drone_mcp_build.iso_time import format_time
from drone_mcp_observe.durations import count, format_duration
from drone_mcp_observe.system.metric_summaries import name_labels
from drone_mcp_observe.views import DeploymentBefore, SystemAlertItem, SystemAlertsView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import Build
    from monitoring_client.alerts import SystemAlert

_SUMMARY_WIDTH: Final = 200  # characters
_OWN_FIELDS: Final = ("alertname", "severity")
_EXPLAIN: Final = (
    "drone_explain_incident with the target says which commits came with the deployment, and what else is new"
)
_NEVER_RAN: Final = frozenset({"pending", "skipped", "declined"})


def present_alerts(
    alerts: Sequence[SystemAlert], builds: Sequence[Build], target: str | None, now: float, limit: int, note: str = ""
) -> SystemAlertsView:
    """Present alerts: firing ones first, the newest first; `builds` hold the deployments, newest first."""
    ordered = sorted(alerts, key=lambda alert: (alert.silenced or alert.inhibited, -alert.since))
    silenced = sum(alert.silenced or alert.inhibited for alert in alerts)
    return SystemAlertsView(
        firing=len(alerts) - silenced,
        silenced=silenced,
        alerts=tuple(_present_alert(alert, builds, target, now) for alert in ordered[:limit]),
        left_out=f"{count(len(alerts) - limit, 'more alert')}: give filters" if len(alerts) > limit else "",
        note=note,
        next_step=_EXPLAIN if any(find_deployment_before(alert, builds, target) for alert in ordered[:limit]) else "",
    )


def find_deployment_before(alert: SystemAlert, builds: Sequence[Build], target: str | None = None) -> Build | None:
    """Return the deployment that began last before an alert; `builds` are newest first.

    Without a target it is one of the target that a label of the alert names, if there are deployments of that one.
    """
    began = [
        b for b in builds if b.event in DEPLOYMENTS and b.status not in _NEVER_RAN and 0 < b.started <= alert.since
    ]
    wanted = {target} if target else set(alert.labels.values()) & {build.deploy_to for build in began}
    candidates = [build for build in began if not wanted or build.deploy_to in wanted]
    return max(candidates, key=lambda build: build.started, default=None)


def state_of(alert: SystemAlert) -> str:
    """Return the state of an alert in a word."""
    return "silenced" if alert.silenced else "inhibited" if alert.inhibited else "firing"


def _present_alert(alert: SystemAlert, builds: Sequence[Build], target: str | None, now: float) -> SystemAlertItem:
    deployment = find_deployment_before(alert, builds, target)
    return SystemAlertItem(
        alert=clean_name(alert.name),
        severity=clean_name(alert.severity),
        since=format_time(round(alert.since)),
        lasts=format_duration(now - alert.since),
        state=state_of(alert),
        summary=one_line(alert.summary, _SUMMARY_WIDTH),
        labels=name_labels(alert.labels, {name: alert.labels.get(name, "") for name in _OWN_FIELDS}),
        deployment=_present_deployment(deployment, alert) if deployment else None,
    )


def _present_deployment(build: Build, alert: SystemAlert) -> DeploymentBefore:
    return DeploymentBefore(
        target=clean_name(build.deploy_to),
        number=build.number,
        commit=clean_name(build.after)[:SHORT_COMMIT],
        at=format_time(build.started),
        before=format_duration(alert.since - build.started),
    )
