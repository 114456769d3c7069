from __future__ import annotations

from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drone_mcp_client.models import Build, Repo, Stage, Step
from drone_mcp_client.status import is_final
from drone_mcp_state import Transition, is_settled, lacks_details, merge, transitions
from drone_mcp_state.merge import newer_repo
from support.captured_builds import histories
from support.generated_builds import builds

if TYPE_CHECKING:
    from collections.abc import Sequence

HISTORIES = histories()
captured = st.sampled_from(sorted(HISTORIES)).flatmap(lambda number: st.lists(st.sampled_from(HISTORIES[number])))
snapshots = st.one_of(captured, st.lists(builds, max_size=5)).filter(bool)


def merged(seen: Sequence[Build]) -> Build:
    first, *rest = seen
    return reduce(merge, rest, merge(None, first))


def build(**fields: object) -> Build:
    return Build.model_validate({"id": 1, "number": 7, "status": "running", "version": 2, "created": 50} | fields)


def stage(number: int, status: str, version: int, *steps: Step) -> Stage:
    return Stage(number=number, name=f"stage {number}", status=status, version=version, steps=steps)


def step(number: int, status: str, version: int) -> Step:
    return Step(number=number, name=f"step {number}", status=status, version=version)


@given(snapshots)
def test_seeing_a_snapshot_again_changes_nothing(seen: list[Build]) -> None:
    state = merged(seen)
    assert all(merge(state, again) is state for again in seen)
    assert merge(state, state) is state


@given(snapshots)
def test_the_known_state_itself_is_the_answer_only_where_nothing_changed(seen: list[Build]) -> None:
    state = merge(None, seen[0])
    for again in seen[1:]:
        after = merge(state, again)
        assert (after is state) == (after == state)
        state = after


@given(snapshots, st.randoms(use_true_random=False))
def test_the_order_of_snapshots_does_not_matter(seen: list[Build], random: object) -> None:
    shuffled = list(seen)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a Random
    assert merged(shuffled) == merged(seen)


@given(snapshots, snapshots)
def test_what_two_observers_know_can_be_merged_in_either_order(one: list[Build], other: list[Build]) -> None:
    if one[0].number == other[0].number:
        assert merge(merged(one), merged(other)) == merge(merged(other), merged(one)) == merged(one + other)


@given(snapshots)
def test_a_final_status_never_reverts_and_no_row_is_lost(seen: list[Build]) -> None:
    states = [merged(seen[: count + 1]) for count in range(len(seen))]
    for before, after in pairwise(states):
        if before.created == after.created and before.id == after.id:
            assert is_final(after.status) or not is_final(before.status)
            assert {row.number for row in before.stages} <= {row.number for row in after.stages}


@pytest.mark.parametrize("number", sorted(HISTORIES))
def test_every_captured_build_ends_as_drone_last_described_it(number: int) -> None:
    whole = [seen for seen in HISTORIES[number] if seen.stages] or HISTORIES[number]
    assert merged(HISTORIES[number]) == max(
        whole, key=lambda seen: (seen.version, [row.version for row in seen.stages])
    )


def test_a_snapshot_without_stages_erases_none() -> None:
    known = build(stages=(stage(1, "running", 3, step(1, "running", 2)),))
    after = merge(known, build(status="success", version=3))
    assert (after.status, after.stages) == ("success", known.stages)


def test_parallel_stages_take_the_newest_row_each_whatever_the_build_says() -> None:
    left = build(stages=(stage(1, "success", 4), stage(2, "running", 3)))
    right = build(stages=(stage(1, "running", 3), stage(2, "success", 4)))
    assert [row.status for row in merge(left, right).stages] == ["success", "success"]


def test_a_killed_build_stays_killed_when_its_runner_reports_late() -> None:
    killed = build(status="killed", version=3, stages=(stage(1, "killed", 4, step(1, "killed", 3)),))
    late = build(status="running", version=2, stages=(stage(1, "running", 3, step(1, "running", 2)),))
    after = merge(killed, late)
    assert (after.status, after.stages[0].status) == ("killed", "killed")
    assert after.stages[0].steps[0].status == "killed"


def test_a_declined_build_keeps_that_status_while_an_approved_stage_runs_on() -> None:
    declined = build(status="declined", version=2, stages=(stage(1, "pending", 2), stage(2, "declined", 2)))
    running = build(status="declined", version=2, stages=(stage(1, "running", 3), stage(2, "declined", 2)))
    after = merge(declined, running)
    assert [after.status, *(row.status for row in after.stages)] == ["declined", "running", "declined"]
    assert not is_settled(after)


def test_a_restarted_build_is_another_build_and_the_old_one_is_untouched() -> None:
    failed = build(status="failure", version=3)
    assert merge(failed, failed) == failed
    assert build(number=8, parent=7).parent == 7


def test_a_number_used_again_after_the_repository_was_enabled_anew_is_a_new_build() -> None:
    old = build(status="success", version=3, stages=(stage(1, "success", 4),))
    new = build(id=90, created=60, status="pending", version=1)
    assert merge(old, new) == merge(new, old) == new


def test_rows_without_versions_are_ordered_by_how_far_they_have_come() -> None:
    words = ["blocked", "waiting_on_dependencies", "pending", "running", "success"]
    rows = [build(version=0, status=word) for word in words]
    assert all(merge(late, early) == merge(early, late) == late for early, late in pairwise(rows))


def test_settled_means_that_no_part_of_a_build_will_move() -> None:
    assert not is_settled(build())
    assert not is_settled(build(status="success", stages=(stage(1, "running", 3),)))
    assert not is_settled(build(status="success", stages=(stage(1, "success", 4, step(1, "running", 2)),)))
    assert is_settled(build(status="success", stages=(stage(1, "success", 4, step(1, "success", 4)),)))
    assert is_settled(build(status="declined", stages=(stage(1, "blocked", 1), stage(2, "declined", 2))))
    assert not is_settled(build(status="pending", stages=(stage(1, "blocked", 1),)))


def test_only_a_build_that_failed_at_its_trigger_has_no_stages_to_ask_for() -> None:
    assert lacks_details(build())
    assert lacks_details(build(status="success"))
    assert not lacks_details(build(status="error", error="yaml: bad indentation"))
    assert not lacks_details(build(stages=(stage(1, "running", 3),)))


def test_transitions_name_every_status_that_changed_and_no_other() -> None:
    before = build(stages=(stage(1, "running", 3, step(1, "running", 2), step(2, "pending", 1)),))
    after = build(
        status="failure", version=3, stages=(stage(1, "failure", 4, step(1, "failure", 3), step(2, "pending", 1)),)
    )
    assert transitions(before, after) == (
        Transition(0, 0, "", "running", "failure"),
        Transition(1, 0, "stage 1", "running", "failure"),
        Transition(1, 1, "step 1", "running", "failure"),
    )
    assert transitions(None, build()) == (Transition(0, 0, "", "", "running"),)
    assert transitions(build(status="success"), build(id=9, created=60)) == (Transition(0, 0, "", "", "running"),)


def test_late_news_of_a_repository_lose_against_newer_ones() -> None:
    enabled = Repo(id=1, namespace="octo", name="pub", slug="octo/pub", version=2, active=True)
    disabled = enabled.model_copy(update={"version": 18, "active": False})
    anew = enabled.model_copy(update={"id": 5, "version": 1})
    assert newer_repo(disabled, enabled) is newer_repo(enabled, disabled) is disabled
    assert newer_repo(disabled, anew) is anew
    assert newer_repo(None, enabled) is enabled
