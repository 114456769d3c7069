"""Whatever a service answers is data or an error of the family, never a crash."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_http.response import Response
from ci_mcp_kit.errors import ServiceError, UnexpectedAnswer
from monitoring_client import alertmanager, jaeger, loki, prometheus, tempo, victorialogs
from monitoring_client.series import MOST_POINTS, Series, choose_step

CALLS = {
    "query": prometheus.query("up", 1.0),
    "range": prometheus.query_range("up", 0.0, 3_600.0),
    "series": prometheus.find_series("up", 0.0, 1.0),
    "alerts": alertmanager.alerts(),
    "loki": loki.search("{}", 0.0, 1.0, 10),
    "victorialogs": victorialogs.search("*", 0.0, 1.0, 10),
    "jaeger": jaeger.trace("ab"),
    "tempo": tempo.trace("ab"),
}
GOOD: dict[str, Any] = {
    "query": {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "2"]}]}},
    "range": {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "2"]]}]}},
    "series": {"status": "success", "data": [{"job": "shop"}]},
    "alerts": [{"startsAt": "2026-11-21T09:00:00Z", "labels": {"a": "b"}, "status": {"state": "active"}}],
    "loki": {
        "status": "success",
        "data": {"resultType": "streams", "result": [{"stream": {}, "values": [["1", "x"]]}]},
    },
    "victorialogs": {"_time": "2026-11-21T09:00:00.123456789Z", "_msg": "x", "_stream": "{}"},
    "jaeger": {"data": [{"spans": [{"spanID": "a", "operationName": "b", "startTime": 1, "duration": 2}]}]},
    "tempo": {
        "batches": [
            {
                "scopeSpans": [
                    {"spans": [{"spanId": "a", "name": "b", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}]}
                ]
            }
        ]
    },
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    st.sampled_from(
        [10**400, -(10**400), 1e308, "NaN", "+Inf", "-Inf", "9" * 5_000, "0000-00-00", "9999-12-31T23:59:59Z", [], {}]
    ),
)


def read(name: str, body: bytes, status: int = 200) -> Any:
    call = CALLS[name]
    return call.read(call, Response(status=status, headers={"content-type": "application/json"}, body=body))


@pytest.mark.parametrize("name", CALLS)
def test_a_good_answer_is_read(name: str) -> None:
    assert len(read(name, json.dumps(GOOD[name]).encode())) == 1


@pytest.mark.parametrize("name", CALLS)
@given(st.data())
def test_a_good_answer_with_one_odd_value_is_read_or_is_no_answer_of_the_service(
    name: str, data: st.DataObject
) -> None:
    changed = json.loads(json.dumps(GOOD[name]))
    places = list(places_in(changed))
    container, key = data.draw(st.sampled_from(places))
    container[key] = data.draw(ODD)
    with contextlib.suppress(UnexpectedAnswer):
        read(name, json.dumps(changed).encode())


def places_in(value: Any) -> Any:
    """Yield the places of all values within a JSON value: what holds them, and the key or index."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(pairs):
        yield value, key
        yield from places_in(item)


@pytest.mark.parametrize("name", CALLS)
@given(st.binary(max_size=60), st.sampled_from([200, 204, 301, 400, 401, 403, 404, 418, 429, 500, 503]))
def test_any_bytes_with_any_status_are_data_or_an_error(name: str, body: bytes, status: int) -> None:
    error = None
    try:
        read(name, body, status)
    except ServiceError as raised:
        error = raised
    assert error is None or error.service.code == "MONITORING_ERROR"
    assert error is not None or 200 <= status < 300


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000])
@pytest.mark.parametrize("name", CALLS)
def test_nesting_without_an_end_is_no_answer_of_the_service(name: str, body: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        read(name, body)


def test_values_that_are_no_numbers_are_left_out_and_infinite_ones_count_in_no_summary() -> None:
    values = [[1, "NaN"], [2, "+Inf"], [3, "4"]]
    body = {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}}
    (series,) = read("range", json.dumps(body).encode())
    assert series == Series({}, ((2.0, float("inf")), (3.0, 4.0)))
    assert series.values == [4.0]


@given(st.floats(1, 4e7))
def test_a_range_never_has_more_points_than_a_line_has_room_for(seconds: float) -> None:
    params = dict(prometheus.query_range("up", 1e9, 1e9 + seconds).params)
    step = float(params["step"])
    assert (float(params["end"]) - float(params["start"])) / step + 1 <= MOST_POINTS + 0.01
    assert choose_step(seconds) >= 15
