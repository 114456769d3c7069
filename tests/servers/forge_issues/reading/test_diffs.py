"""The files and hunks of a pull request within a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.errors import InvalidInput
from ci_mcp_logs.answer_text import size_of
from forge_client.diffs import FileDiff, Hunk
from forge_issues.reading.diffs import choose_files, compose_diff, rank
from support.issues_desk import PULL

if TYPE_CHECKING:
    from support.issues_desk import IssuesDesk


def changed(path: str, *lines: str) -> FileDiff:
    return FileDiff(path, hunks=(Hunk(1, 1, lines or ("+a",)),))


async def test_the_files_come_first_and_the_lock_file_last(desk: IssuesDesk) -> None:
    answer = await desk.ask("drone_get_pull_request_diff", number=PULL)
    assert [line.split()[0] for line in answer.data["files"]] == ["src/main.py", "tests/test_main.py", "poetry.lock"]
    assert "+def mul(a, b):\n+    return a + b" in answer.data["hunks"]
    assert "left_out" not in answer.data
    assert len(desk.asked) == 1


async def test_chosen_paths_are_shown_alone(desk: IssuesDesk) -> None:
    answer = await desk.ask("drone_get_pull_request_diff", number=PULL, paths=["tests"])
    assert answer.data["files"] == ["tests/test_main.py +5 -1"]
    assert answer.data["total_files"] == 3
    assert "src/main.py" not in answer.data["hunks"]


async def test_a_path_that_is_not_changed_is_refused_with_near_ones(desk: IssuesDesk) -> None:
    answer = await desk.ask("drone_get_pull_request_diff", number=PULL, paths=["src/mian.py"])
    assert answer.code == "INVALID_INPUT"
    assert "src/main.py" in answer.data["next_step"]


async def test_what_is_no_diff_is_not_taken_for_a_change_of_nothing(desk: IssuesDesk) -> None:
    desk.drone.break_with("html", route=f"/forge/api/v1/repos/octo/hello/pulls/{PULL}.diff")
    answer = await desk.ask("drone_get_pull_request_diff", number=PULL)
    assert answer.failed


@pytest.mark.parametrize("name", ["yarn.lock", "web/package-lock.json", "vendor/x/y.go", "a.min.js", "api.pb.go"])
def test_what_tools_write_comes_last(name: str) -> None:
    assert [file.path for file in rank([changed(name), changed("z.py")])] == ["z.py", name]


files = st.lists(
    st.builds(
        changed,
        st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=60),
        *[st.text(max_size=400).map(lambda text: "+" + text.replace("\n", " "))] * 3,
    ),
    max_size=80,
)


@given(files, st.integers(400, 4_000))
def test_an_answer_keeps_to_its_budget_whatever_changed(found: list[FileDiff], budget: int) -> None:
    view = compose_diff("octo/hello", 12, found, (), budget, "0123abcd")
    assert size_of(view) <= budget
    assert view.total_files == len(found)


@given(files)
def test_every_file_is_chosen_by_its_own_path_or_refused(found: list[FileDiff]) -> None:
    for file in found:
        try:
            assert file in choose_files(found, [file.path]) or any(c in file.path for c in "*?[")
        except InvalidInput:
            assert any(character in file.path for character in "*?[/")
