"""The pure rooms of writing: markers, fences, and what a text sets off."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_logs.log_text import LogText
from drone_mcp_build.failed_steps import failed_steps, step_refs
from drone_mcp_client.models import Build
from drone_mcp_diagnosis.diagnosing import Chosen, DiagnosedBuild, Facts, conclude
from drone_mcp_diagnosis.other_builds import NO_PAST
from drone_mcp_diagnosis.step_reader import LogReading
from forge_client.models.issues import Comment
from forge_client.text_checks import LONGEST_BODY
from forge_issues.writing.markers import (
    Reported,
    check_unmarked,
    is_marked,
    make_key,
    make_marker,
    make_report_marker,
    mark,
    read_report_marker,
)
from forge_issues.writing.report_text import describe_report, write_report
from forge_issues.writing.text_side_effects import note_effects
from support.made_builds import failing_build

PAGE = "https://drone.test/octo/hello/7"
BUILD = Build.model_validate(failing_build(7))
texts = st.text(max_size=200)
lines = st.lists(
    st.one_of(
        st.text(st.characters(codec="utf-8"), max_size=60).map(lambda text: " ".join(text.split())),
        st.integers(1, 12).map(lambda count: "`" * count),
        st.sampled_from(
            ["@octavia", "closes #1", "<!-- drone-mcp:report -->", "~~~~", "-->", "FAIL: test_a", "error: x"]
        ),
    ),
    min_size=1,
    max_size=40,
)


def diagnosis_of(log: list[str]) -> DiagnosedBuild:
    """Diagnose a build whose failed step printed these lines."""
    failed = failed_steps(BUILD)
    reading = LogReading(step_refs(BUILD)[2], LogText(tuple(log)))
    facts = Facts("octo/hello", Chosen(BUILD), failed, [reading], [], NO_PAST, 0, 1000)
    return DiagnosedBuild(BUILD, conclude(facts))


def comment(body: str, author: str = "bot") -> Comment:
    return Comment(id=1, author=author, body=body)


@given(lines)
def test_nothing_that_a_build_says_stands_outside_of_the_fence(log: list[str]) -> None:
    body = write_report(diagnosis_of(log), PAGE, ())
    assert len(body) <= LONGEST_BODY
    rows = body.split("\n")
    start = next(index for index, row in enumerate(rows) if row.startswith("````"))
    is_end = [re.fullmatch(r" {0,3}`+[ \t]*", row) and row.count("`") >= len(rows[start]) for row in rows]
    ends = [index for index, found in enumerate(is_end) if index > start and found]
    assert ends == [len(rows) - 1]
    outside = "\n".join(rows[:start])
    assert re.fullmatch(
        r"<!-- drone-mcp:report 7:[0-9a-f]{10}:[a-z_]* -->\n\n"
        r"### \[Build 7\]\(https://drone\.test/octo/hello/7\) failed\n\n"
        r"Commit `[0-9a-f]{10}`\.( Class of failure: `[a-z_]*` \([a-z]+ confidence\)\.)?\n",
        outside,
    )
    assert note_effects(body) == ()


@given(lines)
def test_a_report_is_read_back_by_its_first_line_alone(log: list[str]) -> None:
    earlier = (Reported(6, "0" * 10, "test"), Reported(5, "1" * 10, ""))
    diagnosis = diagnosis_of(log)
    read = read_report_marker(comment(write_report(diagnosis, PAGE, earlier)), "Bot")
    assert read == (describe_report(diagnosis), *earlier)
    assert write_report(diagnosis, PAGE, read) == write_report(diagnosis, PAGE, earlier)


@given(
    st.lists(
        st.builds(
            Reported,
            st.integers(1, 10**9),
            st.from_regex(r"[0-9a-f]{10}", fullmatch=True),
            st.sampled_from(["", "test"]),
        )
    )
)
def test_a_marker_names_its_builds(builds: list[Reported]) -> None:
    marker = make_report_marker(builds)
    assert read_report_marker(comment(f"{marker}\n\ntext"), "bot") == tuple(builds)
    assert read_report_marker(comment(f"{marker}\n\ntext", "mallory"), "bot") is None
    assert read_report_marker(comment(f"text\n{marker}"), "bot") is None
    assert read_report_marker(comment(f"{marker}\n\ntext", ""), "") is None


@given(texts, texts)
def test_a_text_is_found_by_its_own_marker_and_no_other(one: str, other: str) -> None:
    marker = make_marker("once", make_key(one))
    marked = comment(mark("text", marker))
    assert is_marked(marked, marker, "BOT")
    assert not is_marked(marked, marker, "mallory")
    assert is_marked(marked, make_marker("once", make_key(other)), "bot") == (one == other)
    with pytest.raises(InvalidInput):
        check_unmarked(f"{one}{marker}{other}")


@given(texts)
def test_a_key_is_letters_that_a_search_takes_for_one_word(fact: str) -> None:
    assert re.fullmatch("[a-p]{24}", make_key(fact))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nothing", ()),
        ("mail octavia@example.com", ()),
        ("`@octavia` and ``#1``", ()),
        ("```\n@octavia #1\n```", ()),
        ("````\n```\n@octavia\n````", ()),
        ("```\n@octavia, a fence without an end", ()),
        ("<!-- @octavia -->", ()),
        ("```\nx\n```\n@octavia", ("It notifies @octavia",)),
        ("octo/hello#3", ("It refers to octo/hello#3",)),
        ("Fixes: #3", ("It refers to #3", "It may close or reopen #3")),
        ("@a @b @c @d @e @f", ("It notifies @a, @b, @c, @d, @e and 1 more",)),
    ],
)
def test_what_a_text_sets_off_is_reported(text: str, found: tuple[str, ...]) -> None:
    assert note_effects(text) == found


@given(st.text(alphabet="`~@#1a \n<!->", max_size=80))
def test_any_text_is_looked_through(text: str) -> None:
    assert isinstance(note_effects(text), tuple)


def test_a_passed_build_says_that_it_passed() -> None:
    build = BUILD.model_copy(update={"status": "success", "stages": ()})
    diagnosis = conclude(Facts("octo/hello", Chosen(build), [], [], [], NO_PAST, 0, 1000))
    body = write_report(DiagnosedBuild(build, diagnosis), PAGE, (Reported(6, "0" * 10, "test"),))
    assert "failed" not in body.split("Earlier")[0]
    assert "Earlier here: build 6 (test, `0000000000`)." in body


def test_a_report_keeps_at_most_ten_earlier_builds() -> None:
    earlier = tuple(Reported(number, "0" * 10, "") for number in range(6, 0, -1)) * 5
    body = write_report(diagnosis_of(["error: x"]), PAGE, earlier)
    read = read_report_marker(comment(body), "bot")
    assert read is not None
    assert len(read) == 11
