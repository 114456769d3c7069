"""An action covers the calls that it was planned with, and is another one when anything about it changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from ci_mcp_kit.guard.operation_risk import Operation, Risk, by_name
from ci_mcp_kit.guard.planned_action import PlannedAction

OPERATIONS = by_name(
    Operation("open", "doors.open", Risk.LOW, also=("locks.turn",)), Operation("blast", "doors.blast", Risk.HIGH)
)


@dataclass(frozen=True)
class DoorCall:
    operation: str = "doors.open"
    path: str = "/doors/1"
    params: tuple[tuple[str, str], ...] = ()
    body: Any = None
    scope: str = "cellar"
    writes: bool = True


@dataclass(frozen=True, kw_only=True)
class DoorAction(PlannedAction):
    @property
    @override
    def subject(self) -> str:
        return "door 1"

    @override
    def facts(self) -> dict[str, Any]:
        return {"operation": self.operation.name, "room": self.scope, "before": list(self.state)}


def door_action(*calls: DoorCall, **more: Any) -> DoorAction:
    return DoorAction(operation=OPERATIONS["open"], scope="cellar", calls=calls, **more)


def test_a_planned_call_is_covered_and_an_equal_one_is_not() -> None:
    planned, turned = DoorCall(), DoorCall("locks.turn")
    action = door_action(planned, turned)
    assert action.covers(planned)
    assert action.covers(turned)
    assert not action.covers(DoorCall())


@pytest.mark.parametrize("wrong", [{"operation": "doors.blast"}, {"scope": "attic"}, {"writes": False}])
def test_a_planned_call_of_another_kind_or_scope_is_not_covered(wrong: dict[str, Any]) -> None:
    call = replace(DoorCall(), **wrong)
    assert not door_action(call).covers(call)


@pytest.mark.parametrize(
    "other",
    [
        door_action(DoorCall(), state=("ajar",)),
        door_action(),
        door_action(DoorCall(), DoorCall("locks.turn")),
        door_action(DoorCall(path="/doors/2")),
        door_action(DoorCall(params=(("wide", "true"),))),
        door_action(DoorCall(body={"slowly": True})),
        replace(door_action(DoorCall()), operation=OPERATIONS["blast"]),
        replace(door_action(DoorCall()), scope="attic"),
    ],
)
def test_a_fingerprint_changes_with_the_subject_its_state_and_all_that_is_sent(other: DoorAction) -> None:
    assert door_action(DoorCall()).fingerprint == door_action(DoorCall()).fingerprint != other.fingerprint


@given(st.sampled_from(Risk), st.sampled_from([*OPERATIONS]))
def test_the_risk_is_never_lower_than_that_of_the_operation(at_least: Risk, name: str) -> None:
    action = replace(door_action(), operation=OPERATIONS[name], at_least=at_least)
    assert action.risk == max(at_least, OPERATIONS[name].risk)


def test_what_a_call_holds_is_in_no_traceback() -> None:
    assert "secret" not in repr(door_action(DoorCall(body={"token": "secret"})))
