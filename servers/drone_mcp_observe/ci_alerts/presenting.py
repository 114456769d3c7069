"""Makes the answer about alerts of CI. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_build.build_wording import clean_name
from drone_mcp_build.iso_time import format_time
from drone_mcp_client.status import is_failure
from drone_mcp_observe.ci_alerts.rules import find_alerts
from drone_mcp_observe.durations import count
from drone_mcp_observe.sparkline import draw_over_time
from drone_mcp_observe.views import CiAlert, CiAlertsView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_observe.ci_alerts.rules import Alert, AlertRule
    from drone_mcp_observe.ci_alerts.state_reader import StateReading

_DAYS: Final = 14
_NO_FEED: Final = "no receiver of webhooks fills a store here, so rules of a silent feed do not apply"


def present_alerts(read: StateReading, rules: Sequence[AlertRule], source: str, limit: int) -> CiAlertsView:
    """Present the alerts."""
    state = read.state
    alerts = find_alerts(rules, state)
    builds = sum(len(one.builds) for one in state.repos)
    parts = [f"{count(len(alerts) - limit, 'more alert')}: give a repo"] if len(alerts) > limit else []
    parts += [f"{count(read.not_read, 'repository')} with older builds"] if read.not_read else []
    return CiAlertsView(
        alerts=tuple(_present_alert(alert, state.now) for alert in alerts[:limit]),
        checked=f"{count(len(rules), 'rule')} on {count(builds, 'build')} of {count(len(state.repos), 'repository')}",
        rules=source,
        left_out="; ".join(parts),
        note=_NO_FEED if state.feed_heard is None and any(rule.when == "silent_feed" for rule in rules) else "",
    )


def _present_alert(alert: Alert, now: float) -> CiAlert:
    ended = [(b.created, float(is_failure(b.status))) for b in alert.of.builds if b.finished] if alert.of else []
    return CiAlert(
        alert=alert.rule.name,
        severity=alert.rule.severity,
        repo=clean_name(alert.of.repo.slug) if alert.of else "",
        build=alert.build or None,
        since=format_time(round(alert.since)),
        summary=alert.summary,
        history=draw_over_time(ended, now - _DAYS * 86_400, now, lambda values: sum(values) / len(values), _DAYS),
    )
