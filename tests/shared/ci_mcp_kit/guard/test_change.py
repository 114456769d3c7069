"""The parts of a change that the guard has for every domain: when two calls are the same, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from ci_mcp_kit.answer import View
from ci_mcp_kit.guard import variables
from ci_mcp_kit.guard.change import Change, Plan, Sent
from ci_mcp_kit.guard.operation_risk import Operation, Risk, by_name
from ci_mcp_kit.guard.planned_action import PlannedAction
from ci_mcp_kit.guard.rules import Decision
from ci_mcp_kit.guard.spec import GuardSpec

if TYPE_CHECKING:
    from ci_mcp_kit.guard.rules import Mode

DOORS = GuardSpec(
    service="House",
    thing="door",
    evidence="the door",
    scope="room",
    scopes="rooms",
    scope_words="rooms",
    operations=by_name(Operation("open", "doors.open", Risk.LOW), Operation("shut", "doors.shut", Risk.LOW)),
    variables=(variables.mode("HOUSE_ACTIONS"),),
    keys={},
)


class DoorView(View):
    outcome: str
    message: str
    door: int
    needs_confirmation: bool | None = None
    notes: tuple[str, ...] = ()
    next_step: str = ""


@dataclass(frozen=True, kw_only=True)
class DoorAction(PlannedAction):
    @property
    @override
    def subject(self) -> str:
        return "door"

    @override
    def facts(self) -> dict[str, Any]:
        return {"operation": self.operation.name, "room": self.scope, "before": list(self.state)}


@dataclass(frozen=True, kw_only=True)
class DoorChange(Change[DoorAction, DoorView]):
    spec: ClassVar[GuardSpec] = DOORS

    name: str = "open"
    door: int = 1
    how: str = ""

    @property
    @override
    def scope(self) -> str:
        return "cellar"

    @property
    @override
    def subject(self) -> str:
        return f"Door {self.door}"

    @property
    @override
    def view(self) -> type[DoorView]:
        return DoorView

    @override
    def subject_identity(self) -> tuple[Any, ...]:
        return (self.door,)

    @override
    def contents(self) -> tuple[Any, ...]:
        return (self.how,)

    @override
    async def plan(self) -> Plan[DoorAction]:
        return plan_in_state()

    @override
    async def find_effect(self, plan: Plan[DoorAction], index: int) -> Sent | None:
        return None

    @override
    def describe(self, plan: Plan[DoorAction], outcome: str, message: str, **fields: Any) -> DoorView:
        return DoorView(outcome=outcome, message=message, door=self.door, **fields)

    @override
    async def describe_done(self, plan: Plan[DoorAction], sent: Sent) -> DoorView:
        return self.describe(plan, "done", plan.effect)


def plan_in_state(*state: str) -> Plan[DoorAction]:
    action = DoorAction(operation=DOORS.operations["open"], scope="cellar", state=state)
    return Plan(action=action, effect="open the door", notes=("It creaks",), nothing="it is open")


CHANGES = st.builds(
    DoorChange,
    name=st.sampled_from(["open", "shut"]),
    door=st.integers(1, 2),
    how=st.sampled_from(["", "slowly", "once"]),
    once=st.sampled_from(["", "slowly", "key"]),
)


@given(CHANGES, CHANGES)
def test_two_calls_are_the_same_by_their_key_and_without_one_by_all_their_arguments(
    some: DoorChange, other: DoorChange
) -> None:
    same_door = (some.name, some.door, some.once) == (other.name, other.door, other.once)
    assert (some.identity() == other.identity()) == (same_door and (bool(some.once) or some.how == other.how))


@pytest.mark.parametrize(("once", "seconds"), [("", 60), ("key", 86_400)])
def test_a_call_with_a_key_is_known_for_a_day_and_another_one_for_a_minute(once: str, seconds: float) -> None:
    assert DoorChange(once=once).window == seconds


def test_an_audit_line_names_operation_and_scope_before_anything_was_read() -> None:
    assert DoorChange(name="shut").facts() == {"operation": "shut", "room": "cellar"}


def test_a_decision_holds_for_the_same_state_and_for_no_other() -> None:
    before, same, other = (plan_in_state(state).action for state in ("shut", "shut", "ajar"))
    assert DoorChange().keeps_decision(before, same)
    assert not DoorChange().keeps_decision(before, other)


@pytest.mark.parametrize(
    ("mode", "confirm", "step"),
    [
        ("on", False, "To do it, call again without dry_run"),
        ("on", True, "To do it, call again without dry_run; it then needs a confirmation"),
        ("dry-run", False, "To do it, the operator of this server can set HOUSE_ACTIONS to on"),
    ],
)
def test_a_rehearsal_says_what_would_be_done_and_how_to_do_it(mode: Mode, confirm: bool, step: str) -> None:
    view = DoorChange().describe_rehearsal(plan_in_state(), Decision(mode, "allowed", confirm=confirm))
    assert (view.outcome, view.message) == ("dry_run", "This would open the door. Nothing was sent")
    assert (view.needs_confirmation, view.notes, view.next_step) == (confirm, ("It creaks",), step)


@pytest.mark.parametrize(("once", "when"), [("", "less than a minute ago"), ("key", "with this key")])
def test_an_earlier_answer_is_repeated_with_a_note_after_its_own(once: str, when: str) -> None:
    change = DoorChange(once=once)
    for notes in ((), ("It creaks",)):
        earlier = change.describe(plan_in_state(), "done", "Opened", notes=notes)
        again = change.describe_repeated(earlier.model_dump_json())
        note = f"The same call was answered {when}; nothing was sent again"
        assert again == earlier.model_copy(update={"outcome": "repeated", "notes": (*notes, note)})


def test_nothing_to_do_is_answered_with_the_reason() -> None:
    view = DoorChange().describe_nothing(plan_in_state())
    assert (view.outcome, view.message) == ("nothing_to_do", "it is open")
