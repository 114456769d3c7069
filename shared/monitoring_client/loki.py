"""The calls of Loki's HTTP API (https://grafana.com/docs/loki/v3.3.x/reference/loki-http-api/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from monitoring_client.log_records import LogRecord, in_order
from monitoring_client.responses import get
from monitoring_client.service_descriptors import LOKI

if TYPE_CHECKING:
    from ci_mcp_http.call import Call

_NANOSECONDS = 1_000_000_000


class _Stream(BaseModel):
    stream: dict[str, str] = {}
    # A third item, structured metadata, may follow time and line.
    values: tuple[tuple[str, str] | tuple[str, str, dict[str, object]], ...]


class _Data(BaseModel):
    # A metric query has numbers instead, and belongs to the metrics.
    resultType: Literal["streams"]  # noqa: N815 - the name in the API
    result: tuple[_Stream, ...]


class _Answer(BaseModel):
    status: Literal["success"]
    data: _Data


def search(query: str, start: float, end: float, limit: int) -> Call[tuple[LogRecord, ...]]:
    """Return the newest lines that a LogQL query matches from `start` to `end` (Unix times), at most `limit`."""
    params = (
        ("query", query),
        ("start", str(int(start * _NANOSECONDS))),
        ("end", str(int(end * _NANOSECONDS))),
        ("limit", str(limit)),
        ("direction", "backward"),
    )
    return get(LOKI, "logs.query_range", "the query", "/loki/api/v1/query_range", _read, params)


def _read(body: bytes) -> tuple[LogRecord, ...]:
    streams = _Answer.model_validate_json(body).data.result
    return in_order(
        LogRecord(int(value[0]) / _NANOSECONDS, value[1], one.stream)
        for one in streams
        for value in reversed(one.values)
    )
