"""The alerts for Prometheus are those of the operations page, and look at metrics that there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ci_mcp_kit.metrics import Metrics as ServedMetrics
from drone_mcp_webhooks.metrics import Metrics as ReceiverMetrics
from pages.alerts import chart_rule, prometheus_rule, read_alerts
from support.snapshots import hold

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
FOLDER = ROOT / "docker" / "k8s" / "prometheus"
TABLES: dict[str, type[ReceiverMetrics | ServedMetrics]] = {
    "receiver-alerts": ReceiverMetrics,
    "served-alerts": ServedMetrics,
}


# What is used here of PrometheusRule, monitoring.coreos.com/v1: https://prometheus-operator.dev/docs/api-reference/api/,
# PrometheusRuleSpec, RuleGroup and Rule.
RULE: dict[str, Any] = {
    "type": "object",
    "required": ["alert", "expr", "for", "labels", "annotations"],
    "additionalProperties": False,
    "properties": {
        "alert": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
        "expr": {"type": "string", "minLength": 1},
        "for": {"type": "string", "pattern": "^[0-9]+m$"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
    },
}


def test_the_rule_is_what_its_kind_may_be() -> None:
    resource = yaml.safe_load((FOLDER / "rules.yaml").read_text(encoding="utf-8"))
    assert (resource["apiVersion"], resource["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert resource["metadata"]["labels"]["app.kubernetes.io/part-of"] == "drone-mcp"
    groups = resource["spec"]["groups"]
    assert [group["name"] for group in groups] == ["drone-mcp-receiver", "drone-mcp-served"]
    for group in groups:
        jsonschema.validate(group["rules"], {"type": "array", "minItems": 1, "items": RULE})


def test_the_rule_is_made_from_the_tables_of_the_page() -> None:
    hold(FOLDER / "rules.yaml", prometheus_rule(PAGE))
    hold(ROOT / "docker" / "helm" / "templates" / "rules.yaml", chart_rule(PAGE))
    component = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    assert "rules.yaml" in component["resources"]


@pytest.mark.parametrize("table", TABLES)
def test_every_row_of_a_table_is_an_alert_with_a_runbook(table: str) -> None:
    rows = PAGE.partition(f"<!-- {table}: begin -->")[2].partition(f"<!-- {table}: end -->")[0].strip().splitlines()
    alerts = read_alerts(PAGE, table)
    assert len(alerts) == len(rows) - 2
    assert all(alert.reason and alert.action for alert in alerts)


@pytest.mark.parametrize("table", TABLES)
def test_an_alert_looks_only_at_metrics_and_labels_that_the_process_has(table: str) -> None:
    families = {family.name: family for family in TABLES[table]().registry.collect()}
    for alert in read_alerts(PAGE, table):
        for metric in re.findall(r"\b(?:drone_mcp|process)_\w+", alert.expression):
            assert re.sub(r"_(total|bucket)$", "", metric) in families, alert.name


def test_no_two_alerts_have_the_same_name() -> None:
    names = [alert.name for table in TABLES for alert in read_alerts(PAGE, table)]
    assert len(names) == len(set(names)) > 10
