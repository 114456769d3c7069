"""Changes made to an audit log afterwards are found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ci_mcp_kit.guard.audit_chain import BrokenLine, Head, Report, link, read, verify

KEY = b"k" * 32
facts = st.dictionaries(st.sampled_from(("event", "repo", "note")), st.text(max_size=20) | st.integers(), max_size=3)
keys = st.sampled_from((None, KEY))


def chain(entries: list[dict[str, Any]], key: bytes | None, name: str = "c") -> tuple[list[str], list[Head]]:
    """Link entries into lines, and return the head after each."""
    lines, heads = [], [Head(name)]
    for entry in entries:
        line, head = link(entry, heads[-1], key)
        lines.append(line)
        heads.append(head)
    return lines, heads[1:]


@given(st.lists(facts, max_size=8), keys)
def test_a_log_is_as_it_was_written(entries: list[dict[str, Any]], key: bytes | None) -> None:
    lines, heads = chain(entries, key)
    report = verify(lines, key, heads[-1] if heads else None)
    assert report.problems == ()
    assert report.head == (heads[-1] if heads else None)
    assert [Head.parse(str(head)) for head in heads] == heads


@given(st.lists(facts, min_size=1, max_size=6), keys, st.data())
def test_no_line_can_be_changed_removed_doubled_or_moved(
    entries: list[dict[str, Any]], key: bytes | None, data: st.DataObject
) -> None:
    lines, heads = chain(entries, key)
    at = data.draw(st.integers(0, len(lines) - 1))
    to = data.draw(st.integers(0, len(lines) - 1))
    way = data.draw(st.sampled_from(("change", "remove", "double", "move")))
    after = list(lines)
    if way == "change":
        spot = data.draw(st.integers(0, len(after[at]) - 1))
        after[at] = after[at][:spot] + data.draw(st.sampled_from("x0} ")) + after[at][spot + 1 :]
    elif way == "remove":
        del after[at]
    elif way == "double":
        after.insert(to, after[at])
    else:
        after.insert(to, after.pop(at))
    assume(after != lines)
    assert verify(after, key, heads[-1]).problems


@given(st.lists(facts, min_size=2, max_size=6), st.integers(1, 5))
def test_lines_missing_at_the_end_are_reported_by_the_head_alone(entries: list[dict[str, Any]], cut: int) -> None:
    lines, heads = chain(entries, None)
    left = lines[:-cut]
    assert verify(left, None, None).problems == ()
    (problem,) = verify(left, None, heads[-1]).problems
    assert problem.startswith("the end: ")


def test_a_head_from_earlier_holds_for_a_log_that_went_on() -> None:
    lines, heads = chain([{"n": number} for number in range(5)], None)
    assert verify(lines, None, heads[2]).problems == ()
    assert verify(lines, None, Head("c", 3, "f" * 64)).problems


def test_without_the_key_nobody_can_write_a_line_that_fits() -> None:
    lines, heads = chain([{"n": 1}], KEY)
    forged, _ = link({"n": 2}, heads[-1], None)
    guessed, _ = link({"n": 2}, heads[-1], b"x" * 32)
    for line in (forged, guessed):
        assert verify([*lines, line], KEY, heads[-1]).problems == (
            "line 2: it was changed, or written with another key",
        )


def test_a_piece_of_another_log_does_not_fit() -> None:
    one, _ = chain([{"n": 1}, {"n": 2}], None, "one")
    other, _ = chain([{"n": 1}, {"n": 2}], None, "other")
    (problem,) = verify([one[0], other[1]], None, None).problems
    assert "does not follow line 1" in problem


@pytest.mark.parametrize("line", ["", "{}", "[]", "null", "nonsense", '{"hash":1}', "[" * 100_000])
def test_what_is_no_line_is_reported_as_that(line: str) -> None:
    with pytest.raises(BrokenLine):
        read(line, None)


def test_two_spellings_of_one_line_are_not_both_good() -> None:
    (line,), _ = chain([{"n": 1}], None)
    spaced = json.dumps(json.loads(line))
    doubled = line.replace('"n":1', '"n":2,"n":1')
    for other in (spaced, doubled):
        with pytest.raises(BrokenLine):
            read(other, None)


@pytest.mark.parametrize("name", ["chain", "number", "previous", "hash"])
def test_a_fact_that_the_chain_would_replace_is_refused_and_not_lost(name: str) -> None:
    with pytest.raises(ValueError, match=f"cannot hold a fact called {name}"):
        link({"event": "attempt", name: 7}, Head("c"), None)


@given(st.lists(facts, max_size=8), st.integers(0, 10))
def test_a_report_holds_the_newest_lines_that_are_intact(entries: list[dict[str, Any]], keep: int) -> None:
    lines, _ = chain(entries, None)
    broken = [line.replace('"number":1', '"number":9') for line in lines]
    places = {"chain", "number", "previous"}

    def kept(report: Report) -> list[dict[str, Any]]:
        return [{key: fact for key, fact in line.items() if key not in places} for line in report.newest]

    assert kept(verify(lines, None, keep=keep)) == (entries[-keep:] if keep else [])
    assert kept(verify(broken, None, keep=keep)) == (entries[1:][-keep:] if keep else [])
