"""The critical path and the failed spans of a trace, for any spans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring_client.traces import Span, find_critical_path, find_failures, find_root

ids = st.sampled_from("abcdefgh")
spans = st.lists(
    st.builds(
        Span,
        id=ids,
        parent=ids | st.just(""),
        service=st.just("shop"),
        name=ids,
        start=st.integers(0, 100).map(float),
        seconds=st.integers(0, 50).map(float),
        failed=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda span: span.id,
)


def span(name: str, start: float, end: float, parent: str = "root", *, failed: bool = False) -> Span:
    return Span(name, "" if name == parent else parent, "shop", name, start, end - start, failed)


@given(spans)
def test_the_path_adds_up_to_the_duration_of_the_root(some: list[Span]) -> None:
    root = find_root(some)
    assert sum(one.seconds for one in find_critical_path(some)) == pytest.approx(root.seconds if root else 0)
    assert all(one.seconds > 0 for one in find_critical_path(some))


@given(spans)
def test_every_failed_span_is_listed_once_and_causes_come_before_consequences(some: list[Span]) -> None:
    found = find_failures(some)
    assert sorted(map(repr, found)) == sorted(repr(one) for one in some if one.failed)
    parents = {one.parent for one in found}
    assert [one.id in parents for one in found] == sorted(one.id in parents for one in found)


def test_of_parallel_parts_only_the_last_to_end_is_on_the_path() -> None:
    root = span("root", 0, 10, "root")
    path = find_critical_path([root, span("fast", 1, 4), span("slow", 1, 9), span("child", 2, 8, "slow")])
    assert [(one.span.name, one.seconds) for one in path] == [
        ("root", 1),
        ("slow", 1),
        ("child", 6),
        ("slow", 1),
        ("root", 1),
    ]


def test_parts_one_after_the_other_are_all_on_the_path() -> None:
    root = span("root", 0, 10, "root")
    path = find_critical_path([root, span("first", 0, 4), span("second", 5, 10)])
    assert [(one.span.name, one.seconds) for one in path] == [("first", 4), ("root", 1), ("second", 5)]


def test_what_outlives_its_parent_counts_only_within_it() -> None:
    path = find_critical_path([span("root", 0, 10, "root"), span("late", 8, 30)])
    assert [(one.span.name, one.seconds) for one in path] == [("root", 8), ("late", 2)]


def test_the_root_is_the_longest_of_those_without_a_known_parent() -> None:
    orphan = span("orphan", 0, 20, "gone")
    assert find_root([span("root", 0, 10, "root"), orphan]) == orphan
    assert find_root([]) is None


def test_a_circle_of_parents_has_a_root_all_the_same() -> None:
    one, other = span("one", 0, 5, "other"), span("other", 0, 9, "one")
    assert find_root([one, other]) == other
    assert sum(part.seconds for part in find_critical_path([one, other])) == 9


def test_a_failure_that_began_in_a_part_comes_before_those_that_it_caused() -> None:
    root = span("root", 0, 10, "root", failed=True)
    middle = span("middle", 1, 9, failed=True)
    cause = span("cause", 2, 8, "middle", failed=True)
    assert [one.name for one in find_failures([root, middle, cause])] == ["cause", "root", "middle"]


def test_a_trace_of_thousands_of_nested_spans_is_walked_without_recursion() -> None:
    deep = [span("0", 0, 1, "0"), *(span(str(n), 0, 1, str(n - 1)) for n in range(1, 5_000))]
    assert [one.span.name for one in find_critical_path(deep)] == ["4999"]
