"""The history of tasks is complete and in order, whatever is built while it is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ci_mcp_kit.errors import InvalidInput
from coder_client.models import Build
from fleet_mcp.rules.contract import Contract
from fleet_mcp.rules.past_tasks import BUILDS, RUNS, Cursor, Page, Run, read_page
from support.coder_captures import coder_capture

CONTRACT = Contract()
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
WORKSPACE = "195ebb67-8f4e-478d-8c9a-e60a31dbbc78"


def build(number: int, transition: str = "start", *, failed: bool = False, **shown: str) -> Build:
    metadata = {"role": "dev", "project": "acme/shop", "task": f"Task {number}", "last_state": "", "last_message": ""}
    items = [{"key": key, "value": value} for key, value in (metadata | shown).items()]
    return Build.model_validate(
        {
            "id": f"b{number}",
            "workspace_id": WORKSPACE,
            "build_number": number,
            "transition": transition,
            "job": {"status": "failed" if failed else "succeeded", "error": "no space left" if failed else ""},
            "created_at": (BEGAN + timedelta(minutes=number)).isoformat(),
            "resources": [] if failed or transition == "delete" else [{"metadata": items}],
        }
    )


class Coder:
    """The builds of one workspace, as Coder lists them, and the requests that were sent for them."""

    def __init__(self, builds: list[Build]) -> None:
        self.builds = builds
        self.requests = 0

    def add(self, count: int) -> None:
        self.builds += [build(len(self.builds) + number + 1) for number in range(count)]

    def list(self, offset: int) -> list[Build]:
        self.requests += 1
        return self.builds[::-1][offset : offset + BUILDS]


def read(coder: Coder, cursor: Cursor | None) -> Page:
    """Read a page as the tool does."""
    offset, before = (cursor.offset, cursor.before) if cursor else (0, None)
    while (page := read_page(CONTRACT, coder.list(offset), offset, before)) is None:
        offset += BUILDS
    return page


def read_all(coder: Coder, added: list[int]) -> list[Run]:
    runs: list[Run] = []
    cursor, left = None, list(added)
    while True:
        page = read(coder, cursor)
        runs += page.runs
        if page.before is None:
            return runs
        cursor = Cursor.parse(str(Cursor("mona/cart", WORKSPACE, page.before, page.newest)))
        coder.add(left.pop() if left else 0)


KINDS = st.sampled_from(["start", "start", "start", "stop", "failed start", "failed stop"])


@given(st.lists(KINDS, min_size=1, max_size=150), st.lists(st.integers(0, 120), max_size=6))
def test_every_run_is_told_once_and_in_order_while_builds_are_added(kinds: list[str], added: list[int]) -> None:
    made = [
        build(number, kind.split()[-1], failed=kind.startswith("failed")) for number, kind in enumerate(kinds, start=1)
    ]
    starts = [one.build_number for one in reversed(made) if one.transition == "start"]
    assert [run.number for run in read_all(Coder(made), added)] == starts


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_run_has_the_same_outcome_on_whatever_page_it_is(before: int, after: int) -> None:
    makes: list[Build] = []
    for number in range(1, before + after + 8):
        failed = number == before + 2
        makes.append(build(number, failed=failed, last_state="complete", last_message=f"Did {number - 1}"))
    runs = {run.number: run for run in read_all(Coder(makes), [])}
    assert runs[before + 1].message == f"Did {before + 2}"
    assert runs[before + 2].failed == "no space left"


def test_a_page_of_an_agent_with_two_hundred_tasks_takes_one_request() -> None:
    coder = Coder([build(number, "start" if number % 2 else "stop") for number in range(1, 401)])
    first = read(coder, None)
    assert (len(first.runs), coder.requests) == (RUNS, 1)
    assert first.before
    second = read(coder, Cursor("mona/cart", WORKSPACE, first.before, first.newest))
    assert (len(second.runs), coder.requests) == (RUNS, 2)


@pytest.mark.parametrize("name", ["contract/history", "contract/history-after-delete"])
def test_the_recorded_history_says_what_came_of_each_task(name: str) -> None:
    builds = TypeAdapter(tuple[Build, ...]).validate_python(coder_capture(name).body)
    page = read_page(CONTRACT, builds, 0, None)
    assert page
    told = [(run.number, run.task, run.state, run.message, run.pull_request) for run in page.runs]
    assert told == [
        (2, "Task two", "failure", "Two failed", "https://git.example.com/acme/shop/pull/1"),
        (1, "Task one", "complete", "One is done", "https://git.example.com/acme/shop/pull/1"),
    ]
    assert page.before is None


def test_an_outcome_that_was_only_carried_on_is_marked() -> None:
    same = [build(number, last_state="complete", last_message="Done") for number in (3, 2)]
    page = read_page(CONTRACT, [*same, build(1)], 0, None)
    assert page
    assert [(run.number, run.is_unchanged) for run in page.runs] == [(3, False), (2, True), (1, False)]


def test_the_key_of_a_creation_is_no_outcome() -> None:
    page = read_page(CONTRACT, [build(2, "stop", last_state="created", last_message="key 1"), build(1)], 0, None)
    assert page
    assert page.runs[0].state == ""


@pytest.mark.parametrize(
    "text", ["", "7", f"mona/cart:{WORKSPACE}:9:3", f"mona/cart:{WORKSPACE}:0:3", f"x:{WORKSPACE}:1:3"]
)
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no cursor"):
        Cursor.parse(text)
