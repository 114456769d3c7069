"""The calls of Prometheus's HTTP API (https://prometheus.io/docs/prometheus/2.55/querying/api/)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, TypeAdapter

from monitoring_client.responses import get
from monitoring_client.series import Series, choose_step
from monitoring_client.service_descriptors import PROMETHEUS

if TYPE_CHECKING:
    from ci_mcp_http.call import Call

MOST_SERIES: Final = 1_000  # whose labels are listed; older versions ignore the limit, and the body has one as well


class _Sample(BaseModel):
    metric: dict[str, str] = {}
    value: tuple[float, str] | None = None
    values: tuple[tuple[float, str], ...] = ()


class _Data(BaseModel):
    resultType: Literal["matrix", "vector", "scalar", "string"]  # noqa: N815 - the name in the API
    result: Any


class _Answer(BaseModel):
    status: Literal["success"]
    data: _Data


class _Labels(BaseModel):
    status: Literal["success"]
    data: tuple[dict[str, str], ...]


_SAMPLES: Final = TypeAdapter(tuple[_Sample, ...])
_SCALAR: Final = TypeAdapter(tuple[float, str])


def query(expression: str, at: float) -> Call[tuple[Series, ...]]:
    """Evaluate an expression at one time (Unix)."""
    params = (("query", expression), ("time", f"{at:.3f}"))
    return get(PROMETHEUS, "metrics.query", "the query", "/api/v1/query", _read_series, params)


def query_range(expression: str, start: float, end: float) -> Call[tuple[Series, ...]]:
    """Evaluate an expression from `start` to `end` (Unix times), at a few dozen points in equal distances."""
    step = choose_step(end - start)
    # Counted back from the end, so that the last point is the newest value.
    first = end - step * ((end - start) // step)
    times = (("start", f"{first:.3f}"), ("end", f"{end:.3f}"), ("step", f"{step:g}"))
    path = "/api/v1/query_range"
    return get(PROMETHEUS, "metrics.query_range", "the query", path, _read_series, (("query", expression), *times))


def find_series(selector: str, start: float, end: float) -> Call[tuple[dict[str, str], ...]]:
    """List the labels of the series that a selector matches in a time."""
    params = (
        ("match[]", selector),
        ("start", f"{start:.3f}"),
        ("end", f"{end:.3f}"),
        ("limit", str(MOST_SERIES)),
    )
    return get(PROMETHEUS, "metrics.series", "the series", "/api/v1/series", _read_labels, params)


def _read_series(body: bytes) -> tuple[Series, ...]:
    data = _Answer.model_validate_json(body).data
    if data.resultType in {"scalar", "string"}:
        at, value = _SCALAR.validate_python(data.result)
        return (Series({}, _points(((at, value),))),)
    samples = _SAMPLES.validate_python(data.result)
    return tuple(Series(one.metric, _points((one.value,) if one.value else one.values)) for one in samples)


def _points(values: tuple[tuple[float, str], ...]) -> tuple[tuple[float, float], ...]:
    """Read values, which come as text because JSON has no NaN; a float that is NaN says that there is none."""
    read = ((at, float(text)) for at, text in values)
    return tuple((at, value) for at, value in read if not math.isnan(value))


def _read_labels(body: bytes) -> tuple[dict[str, str], ...]:
    return _Labels.model_validate_json(body).data
