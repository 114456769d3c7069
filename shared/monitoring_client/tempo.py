"""The call of Tempo for a trace (https://grafana.com/docs/tempo/v2.6.x/api_docs/, "Query"), in OTLP's JSON.

The JSON is that of opentelemetry-proto v1.4.0, opentelemetry/proto/trace/v1/trace.proto.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from ci_mcp_http.call import Call, quote_segment
from monitoring_client.jaeger import check_trace_id
from monitoring_client.responses import get
from monitoring_client.service_descriptors import TEMPO
from monitoring_client.traces import Span

_NANOSECONDS: Final = 1e9
_ERROR: Final = frozenset({2, "2", "STATUS_CODE_ERROR"})


class _Attribute(BaseModel):
    key: str
    value: dict[str, Any] = {}


class _Resource(BaseModel):
    attributes: tuple[_Attribute, ...] = ()


class _Status(BaseModel):
    code: int | str = 0
    message: str = ""


class _Span(BaseModel):
    spanId: str  # noqa: N815 - the name in the API
    parentSpanId: str = ""  # noqa: N815 - likewise
    name: str
    startTimeUnixNano: int  # noqa: N815 - likewise
    endTimeUnixNano: int  # noqa: N815 - likewise
    status: _Status = _Status()


class _Scope(BaseModel):
    spans: tuple[_Span, ...]


class _Batch(BaseModel):
    resource: _Resource = _Resource()
    scopeSpans: tuple[_Scope, ...] = ()  # noqa: N815 - the name in the API


class _Answer(BaseModel):
    batches: tuple[_Batch, ...]


def trace(trace_id: str) -> Call[tuple[Span, ...]]:
    """Read the spans of a trace."""
    path = f"/api/traces/{quote_segment(check_trace_id(trace_id))}"
    return get(TEMPO, "traces.get", f"trace {trace_id}", path, _read, template="/api/traces/{id}")


def _read(body: bytes) -> tuple[Span, ...]:
    batches = _Answer.model_validate_json(body).batches
    return tuple(
        _make_span(span, batch.resource) for batch in batches for scope in batch.scopeSpans for span in scope.spans
    )


def _make_span(span: _Span, resource: _Resource) -> Span:
    names = {one.key: str(one.value.get("stringValue", "")) for one in resource.attributes}
    failed = span.status.code in _ERROR
    return Span(
        id=span.spanId,
        parent=span.parentSpanId,
        service=names.get("service.name", ""),
        name=span.name,
        start=span.startTimeUnixNano / _NANOSECONDS,
        seconds=max(0, span.endTimeUnixNano - span.startTimeUnixNano) / _NANOSECONDS,
        failed=failed,
        error=span.status.message if failed else "",
    )
