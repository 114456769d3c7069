"""Symptoms and their order, for any numbers."""

from __future__ import annotations

import random  # noqa: TC003 - hypothesis reads the annotation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_client.models import Build
from drone_mcp_observe.incident.symptoms import (
    LEAST_BEFORE,
    Symptom,
    find_alert_symptoms,
    find_log_symptoms,
    find_onset,
    rank,
)
from monitoring_client.alerts import SystemAlert
from monitoring_client.log_records import LogRecord

times = st.integers(0, 1_000)
symptoms = st.lists(
    st.builds(
        Symptom,
        kind=st.sampled_from(["alert", "metric", "log"]),
        at=times.map(float),
        text=st.text(max_size=3),
        is_new=st.booleans(),
    ),
    max_size=12,
)
deployments = st.lists(
    st.builds(Build, number=st.integers(1, 99), status=st.just("success"), started=times),
    max_size=5,
    unique_by=lambda build: build.number,
)
values = st.lists(st.floats(0, 1e6), min_size=0, max_size=30)


@given(symptoms, deployments, st.randoms(use_true_random=False))
def test_the_order_depends_on_no_order_of_the_input(
    some: list[Symptom], builds: list[Build], shuffle: random.Random
) -> None:
    mixed = list(some)
    shuffle.shuffle(mixed)
    assert [one.symptom for one in rank(mixed, builds)] == [one.symptom for one in rank(some, builds)]


@given(symptoms, deployments)
def test_what_is_new_comes_first_and_of_it_what_came_soonest_after_a_deployment(
    some: list[Symptom], builds: list[Build]
) -> None:
    ranked = rank(some, builds)
    assert sorted(map(repr, some)) == sorted(repr(one.symptom) for one in ranked)
    assert [one.symptom.is_new for one in ranked] == sorted((one.symptom.is_new for one in ranked), reverse=True)
    new = [one.delay for one in ranked if one.symptom.is_new]
    assert new == sorted(new, key=lambda delay: (delay is None, delay or 0))
    for one in ranked:
        begun = [build.started for build in builds if 0 < build.started <= one.symptom.at]
        assert (one.after.started if one.after else None) == max(begun, default=None)


@given(values)
def test_an_onset_exceeds_all_that_was_before_it(series: list[float]) -> None:
    onset = find_onset([(float(at), value) for at, value in enumerate(series)])
    if onset is not None:
        index = int(onset)
        assert index >= LEAST_BEFORE
        assert series[index] > max(series[:index])


@given(st.floats(0, 1e6), st.integers(0, 40))
def test_a_series_that_stays_as_it_is_has_no_onset(value: float, length: int) -> None:
    assert find_onset([(float(at), value) for at in range(length)]) is None


@pytest.mark.parametrize(
    ("series", "onset"),
    [
        ([0, 0, 0, 0, 5, 6, 5], 4),
        ([1, 2, 1, 2, 1, 9, 1, 1], None),  # a spike that does not stay
        ([10, 10, 10, 15, 16], None),  # not twice the usual
        ([1, 1, 1, 3], None),  # too short to tell whether it stays
        ([9, 1, 1, 1, 3, 3], None),  # it was higher before
    ],
)
def test_a_rise_that_stays_is_an_onset(series: list[int], onset: int | None) -> None:
    assert find_onset([(at, value) for at, value in enumerate(series)]) == onset


def test_an_alert_of_another_target_is_none_of_this_one() -> None:
    alerts = [
        SystemAlert(50.0, {"alertname": "Here", "env": "production"}),
        SystemAlert(60.0, {"alertname": "There", "env": "staging"}),
        SystemAlert(70.0, {"alertname": "Anywhere"}),
        SystemAlert(5.0, {"alertname": "Old"}),
        SystemAlert(80.0, {"alertname": "Known", "env": "production"}, silenced=True),
    ]
    found = find_alert_symptoms(alerts, 10.0, "production", {"staging"})
    assert [(one.text, one.is_new) for one in found] == [
        ("Anywhere (firing)", True),
        ("Here (firing)", True),
        ("Known (silenced)", False),
        ("Old (firing)", False),
    ]


def test_a_line_that_was_there_before_is_not_new_whatever_its_numbers() -> None:
    records = [
        LogRecord(10.0, "timeout after 30 ms"),
        LogRecord(60.0, "timeout after 45 ms"),
        LogRecord(70.0, "no price for article 4711"),
        LogRecord(80.0, "no price for article 12"),
    ]
    found = find_log_symptoms(records, 50.0)
    assert [(one.text, one.is_new, one.at) for one in found] == [
        ("2 x no price for article 4711", True, 70.0),
        ("2 x timeout after 30 ms", False, 10.0),
    ]
