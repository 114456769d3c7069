"""Nothing may be changed in a scope that no glob names, whatever a domain thinks of its globs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from ci_mcp_kit.errors import PermissionDenied
from ci_mcp_kit.guard import variables
from ci_mcp_kit.guard.operation_risk import Operation, Risk, by_name
from ci_mcp_kit.guard.rules import Rules, matches
from ci_mcp_kit.guard.spec import GuardSpec
from ci_mcp_kit.variables import Variable, read_list

OPEN = Operation("open", "doors.open", Risk.LOW)
DOORS = GuardSpec(
    service="House",
    thing="door",
    evidence="the door",
    scope="room",
    scopes="rooms",
    scope_words="rooms",
    operations=by_name(OPEN),
    variables=(
        variables.mode("HOUSE_ACTIONS"),
        variables.operations("HOUSE_OPERATIONS", ["open"]),
        Variable("HOUSE_ROOMS", "rooms", "globs of rooms", read_list),
    ),
    keys={},
)


@dataclass(frozen=True, kw_only=True)
class DoorRules(Rules):
    """Rules of a domain for which a scope without a glob that it fails is allowed, as in reading."""

    spec: ClassVar[GuardSpec] = DOORS

    operations: frozenset[str] = frozenset({"open"})
    rooms: tuple[str, ...] = ()

    @override
    def globs_match(self, globs: tuple[str, ...], scope: str) -> bool:
        named = [glob for glob in globs if not glob.startswith("!")]
        return not named or matches(globs, scope)


GLOBS = st.lists(st.sampled_from(["cellar", "!cellar", "attic", "*", "!*"]), max_size=3).map(tuple)


@given(GLOBS, st.sampled_from(["cellar", "attic"]))
def test_a_change_takes_a_glob_that_names_its_scope_and_none_that_takes_it_away(
    globs: tuple[str, ...], room: str
) -> None:
    rules = DoorRules(mode="on", rooms=globs)
    if matches(globs, room):
        rules.admit(OPEN, room)
        return
    with pytest.raises(PermissionDenied) as refused:
        rules.admit(OPEN, room)
    assert (refused.value.details, "HOUSE_ROOMS" in refused.value.next_step) == ({"rule": "rooms"}, True)


def test_a_scope_that_is_not_known_is_named_as_that() -> None:
    with pytest.raises(PermissionDenied, match="may change nothing in an unknown room"):
        DoorRules(mode="on", rooms=("cellar",)).admit(OPEN, "")
