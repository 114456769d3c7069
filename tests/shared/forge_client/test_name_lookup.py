from __future__ import annotations

import pytest

from ci_mcp_kit.errors import InvalidInput
from forge_client.models.issues import Label, Milestone
from forge_client.models.server import User
from forge_client.name_lookup import find_labels, find_milestone, find_users

LABELS = [Label(id=1, name="bug"), Label(id=2, name="ci"), Label(id=9, name="bug")]


def test_labels_are_found_once_each_and_the_older_of_two_with_one_name() -> None:
    assert [label.id for label in find_labels(["ci", "bug", "ci"], LABELS)] == [2, 1]


def test_users_are_found_in_any_case() -> None:
    assert [user.login for user in find_users(["HUGO", "hugo"], [User(login="Hugo")])] == ["Hugo"]
    with pytest.raises(InvalidInput, match="user 'nosuch'"):
        find_users(["nosuch"], [User(login="Hugo")])


def test_an_unknown_name_is_refused_although_there_are_hundreds_of_others() -> None:
    many = [Milestone(id=number, title=f"milestone {number}\u202e\n") for number in range(1, 500)]
    with pytest.raises(InvalidInput) as caught:
        find_milestone("zzz", many)
    assert len(caught.value.next_step) <= 301
    assert caught.value.next_step.isprintable()


def test_a_repository_without_labels_says_so() -> None:
    with pytest.raises(InvalidInput) as caught:
        find_labels(["bug"], [])
    assert caught.value.next_step == "Its labels are: none."
