"""The calls of VictoriaLogs (https://docs.victoriametrics.com/victorialogs/querying/, "HTTP API")."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydantic_core import from_json

from monitoring_client.log_records import LogRecord, in_order
from monitoring_client.responses import get
from monitoring_client.service_descriptors import VICTORIALOGS

if TYPE_CHECKING:
    from ci_mcp_http.call import Call

# Fields of its own; the others are the labels of the line (VictoriaLogs, keyConcepts, "Data model").
_OWN: Final = frozenset({"_time", "_msg", "_stream", "_stream_id"})


def search(query: str, start: float, end: float, limit: int) -> Call[tuple[LogRecord, ...]]:
    """Return the newest lines that a LogsQL query matches from `start` to `end` (Unix times), at most `limit`."""
    params = (("query", query), ("start", f"{start:.3f}"), ("end", f"{end:.3f}"), ("limit", str(limit)))
    return get(VICTORIALOGS, "logs.query", "the query", "/select/logsql/query", _read, params)


def _read(body: bytes) -> tuple[LogRecord, ...]:
    # One JSON object a line, in no order.
    records = []
    for data in (from_json(line) for line in body.splitlines() if line.strip()):
        if not isinstance(data, dict) or not isinstance(data.get("_time"), str):
            raise ValueError("a line has no _time")  # noqa: TRY004 - what a reader of a body raises
        at = datetime.fromisoformat(data["_time"]).timestamp()
        labels = {str(key): str(value) for key, value in data.items() if key not in _OWN}
        records.append(LogRecord(at, str(data.get("_msg", "")), labels))
    return in_order(records)
