"""The call of Jaeger's query service for a trace (jaegertracing/jaeger v1.65.0, model/json/model.go)."""

from __future__ import annotations

import re
from typing import Any, Final

from pydantic import BaseModel

from ci_mcp_http.call import Call, quote_segment
from ci_mcp_kit.errors import InvalidInput
from monitoring_client.responses import get
from monitoring_client.service_descriptors import JAEGER
from monitoring_client.traces import Span

_MICROSECONDS: Final = 1e6
_TRACE_ID: Final = re.compile(r"[0-9a-fA-F]{1,32}", re.ASCII)
# Of a tag that names what went wrong (OpenTelemetry's semantic conventions, and its mapping of a status to Jaeger).
_ERROR_TAGS: Final = ("otel.status_description", "error.message", "exception.message", "http.status_code")


class _Tag(BaseModel):
    key: str
    value: Any = None


class _Reference(BaseModel):
    refType: str  # noqa: N815 - the name in the API
    spanID: str  # noqa: N815 - likewise


class _Span(BaseModel):
    spanID: str  # noqa: N815 - the name in the API
    operationName: str  # noqa: N815 - likewise
    references: tuple[_Reference, ...] = ()
    startTime: int  # noqa: N815 - likewise
    duration: int
    tags: tuple[_Tag, ...] = ()
    processID: str = ""  # noqa: N815 - likewise


class _Process(BaseModel):
    serviceName: str = ""  # noqa: N815 - the name in the API


class _Trace(BaseModel):
    spans: tuple[_Span, ...]
    processes: dict[str, _Process] = {}


class _Answer(BaseModel):
    data: tuple[_Trace, ...]


def check_trace_id(trace_id: str) -> str:
    """Return the id of a trace, in small letters.

    Raises:
        InvalidInput: it is none.
    """
    if not _TRACE_ID.fullmatch(trace_id.strip()):
        raise InvalidInput(
            "A trace's id has 1 to 32 hexadecimal digits",
            next_step="Take it from a log line, a header traceparent (its second part) or the page of the trace",
        )
    return trace_id.strip().lower()


def trace(trace_id: str) -> Call[tuple[Span, ...]]:
    """Read the spans of a trace."""
    path = f"/api/traces/{quote_segment(check_trace_id(trace_id))}"
    return get(JAEGER, "traces.get", f"trace {trace_id}", path, _read, template="/api/traces/{id}")


def _read(body: bytes) -> tuple[Span, ...]:
    traces = _Answer.model_validate_json(body).data
    return tuple(_make_span(span, one.processes) for one in traces for span in one.spans)


def _make_span(span: _Span, processes: dict[str, _Process]) -> Span:
    tags = {tag.key: tag.value for tag in span.tags}
    failed = tags.get("error") in {True, "true"} or tags.get("otel.status_code") == "ERROR"
    parent = next((one.spanID for one in span.references if one.refType == "CHILD_OF"), "")
    process = processes.get(span.processID)
    return Span(
        id=span.spanID,
        parent=parent,
        service=process.serviceName if process else "",
        name=span.operationName,
        start=span.startTime / _MICROSECONDS,
        seconds=max(0.0, span.duration / _MICROSECONDS),
        failed=failed,
        error=next((str(tags[key]) for key in _ERROR_TAGS if tags.get(key)), "") if failed else "",
    )
