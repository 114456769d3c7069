"""The alerts of the operations page as a PrometheusRule for the Prometheus operator."""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

HEAD = """\
# Made from the tables of alerts in docs/operations.md by tests/docker/test_alerts.py; do not edit it.
"""
_ROW = re.compile(
    r"^\| `(?P<name>\w+)` \| `(?P<expression>.+)` \| (?P<wait>\d+m) \| (?P<reason>.+) \| (?P<action>.+) \|$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Alert:
    """One row of a table."""

    name: str
    expression: str
    wait: str
    reason: str
    action: str


def read_alerts(page: str, table: str) -> list[Alert]:
    """Return the alerts in the table between the comments `TABLE: begin` and `TABLE: end`."""
    rows = page.partition(f"<!-- {table}: begin -->")[2].partition(f"<!-- {table}: end -->")[0]
    return [
        Alert(
            row["name"],
            row["expression"].replace(r"\|", "|"),
            row["wait"],
            _plain(row["reason"]),
            _plain(row["action"]),
        )
        for row in _ROW.finditer(rows)
    ]


def prometheus_rule(page: str) -> str:
    """Return the resource with the alerts of both tables."""
    groups = [
        {"name": f"drone-mcp-{part}", "rules": [_rule(alert) for alert in read_alerts(page, f"{part}-alerts")]}
        for part in ("receiver", "served")
    ]
    labels = {"app.kubernetes.io/part-of": "drone-mcp"}
    resource = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "drone-mcp", "labels": labels},
        "spec": {"groups": groups},
    }
    return HEAD + yaml.safe_dump(resource, sort_keys=False, width=10_000)


def chart_rule(page: str) -> str:
    """Return the same resource as a template of the Helm chart."""
    rule = prometheus_rule(page).replace('namespace="drone-mcp"', 'namespace="{{ .Release.Namespace }}"')
    rule = rule.replace("name: drone-mcp\n", "name: {{ .Release.Name }}\n")
    return "{{- if .Values.prometheus }}\n" + rule + "{{- end }}\n"


def _rule(alert: Alert) -> dict[str, object]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.wait,
        "labels": {"severity": "warning"},
        "annotations": {"summary": alert.reason, "runbook": alert.action},
    }


def _plain(cell: str) -> str:
    """Return a cell without the marks of Markdown; links keep their texts."""
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", cell).replace("`", "")
