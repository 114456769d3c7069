"""An action covers the calls that were planned, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from forge_access.guard_variables import OPERATION_NAMES
from forge_client.gitea import write_calls
from forge_client.models.issues import Label
from forge_client.requests import IssueChanges
from forge_issues.guard.action import OPERATIONS, ForgeAction

SLUG = "octo/hello"
CALLS: dict[str, Any] = {
    "open": write_calls.create_issue(SLUG, "Title", "text"),
    "update": write_calls.update_issue(SLUG, 7, IssueChanges(title="Title")),
    "comment": write_calls.create_comment(SLUG, 7, "text"),
    "propose": write_calls.create_pull(SLUG, "Title", head="topic", base="main"),
    "report": write_calls.update_comment(SLUG, 5, "text"),
    "track": write_calls.update_issue(SLUG, 7, IssueChanges(body="text")),
}
OTHERS = [
    write_calls.create_issue(SLUG, "Title", "another text"),
    write_calls.create_issue("octo/other", "Title", "text"),
    write_calls.update_issue(SLUG, 70, IssueChanges(title="Title")),
    write_calls.create_comment(SLUG, 70, "text"),
    write_calls.update_comment(SLUG, 50, "text"),
    write_calls.remove_label(SLUG, 7, Label(id=1, name="bug")),
]


def make_action(name: str, *calls: Any) -> ForgeAction:
    return ForgeAction(operation=OPERATIONS[name], scope=SLUG, calls=calls)


def test_the_names_of_operations_are_those_that_settings_take() -> None:
    assert tuple(OPERATIONS) == OPERATION_NAMES


@pytest.mark.parametrize("name", OPERATION_NAMES)
def test_an_operation_sends_what_was_planned_and_nothing_else(name: str) -> None:
    action = make_action(name, CALLS[name])
    assert action.covers(CALLS[name])
    assert not any(action.covers(call) for call in OTHERS)
    assert not any(action.covers(call) for other, call in CALLS.items() if other != name)


@pytest.mark.parametrize("name", OPERATION_NAMES)
def test_a_planned_call_of_another_kind_is_not_covered(name: str) -> None:
    every = (*CALLS.values(), *OTHERS)
    action = make_action(name, *every)
    sent = {call.operation for call in every if action.covers(call)}
    assert "labels.remove" not in sent
    assert CALLS[name].operation in sent
    assert not any(action.covers(call) for call in every if call.scope != SLUG)


def test_another_text_is_another_action() -> None:
    one, other = (make_action("open", write_calls.create_issue(SLUG, "Title", text)) for text in "ab")
    assert one.fingerprint != other.fingerprint
    assert "Title" not in str(one.facts())
