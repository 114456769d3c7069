"""The panels of the operations page as a dashboard for Grafana.

The fields are those of Grafana's dashboard JSON model
(https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_ROW = re.compile(r"^\| (?P<title>[^`|]+) \| `(?P<query>.+)` \| (?P<unit>\w+) \|(?P<legend>[^|]*)\|$", re.MULTILINE)
UNITS = {"number": "short", "rate": "cps", "seconds": "s", "share": "percentunit", "bytes": "bytes"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH, HEIGHT, COLUMNS = 8, 7, 3  # of the 24 units of Grafana's grid


@dataclass(frozen=True)
class Panel:
    """One row of a table."""

    title: str
    query: str
    unit: str
    legend: str


def read_panels(page: str, part: str) -> list[Panel]:
    """Return the panels in the table between the comments `PART-panels: begin` and `PART-panels: end`."""
    rows = page.partition(f"<!-- {part}-panels: begin -->")[2].partition(f"<!-- {part}-panels: end -->")[0]
    return [
        Panel(row["title"], row["query"].replace(r"\|", "|"), row["unit"], row["legend"].strip())
        for row in _ROW.finditer(rows)
    ]


def dashboard(page: str) -> str:
    """Return the dashboard with a row for the receivers and one for the served roles."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, part in (("Webhook receivers", "receiver"), ("Served roles", "served")):
        panels.append(
            {"type": "row", "title": title, "collapsed": False, "gridPos": _place(0, top, 24, 1), "panels": []}
        )
        rows = read_panels(page, part)
        panels += [_panel(row, index, top + 1) for index, row in enumerate(rows)]
        top += 1 + HEIGHT * -(-len(rows) // COLUMNS)
    made = {
        "uid": "drone-mcp",
        "title": "drone-mcp",
        "tags": ["drone-mcp"],
        "schemaVersion": 39,
        "editable": True,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, 1)],
    }
    return json.dumps(made, indent=2) + "\n"


def _panel(row: Panel, index: int, top: int) -> dict[str, Any]:
    legend = " ".join(f"{{{{{label}}}}}" for label in row.legend.split())
    return {
        "type": "timeseries",
        "title": row.title,
        "datasource": DATASOURCE,
        "gridPos": _place(index % COLUMNS * WIDTH, top + index // COLUMNS * HEIGHT, WIDTH, HEIGHT),
        "fieldConfig": {"defaults": {"unit": UNITS[row.unit], "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": DATASOURCE, "expr": row.query, "legendFormat": legend or row.title}],
    }


def _place(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}
