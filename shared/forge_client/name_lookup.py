"""Finds the labels and milestones that a caller names. Pure.

A forge ignores a name that it does not know, in a filter and in a write, so every name is looked up first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ci_mcp_http.call import quote_input
from ci_mcp_http.response import quote_service
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.suggesting import suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from forge_client.models.issues import Label, Milestone
    from forge_client.models.server import User

T = TypeVar("T")


def find_labels(names: Iterable[str], labels: Sequence[Label]) -> tuple[Label, ...]:
    """Return the labels of these names, each once.

    Of labels with one name, the oldest.

    Raises:
        InvalidInput: there is none of a name; the error suggests near ones.
    """
    return tuple(_find(name, labels, lambda label: label.name, "label") for name in dict.fromkeys(names))


def find_milestone(title: str, milestones: Sequence[Milestone]) -> Milestone:
    """Return the milestone of this title.

    Raises:
        InvalidInput: there is none; the error suggests a near one.
    """
    return _find(title, milestones, lambda milestone: milestone.title, "milestone")


def find_users(logins: Iterable[str], users: Sequence[User]) -> tuple[User, ...]:
    """Return the users of these logins, in whatever case they are written, each once.

    Raises:
        InvalidInput: there is none of a login; the error suggests a near one.
    """
    wanted = dict.fromkeys(login.lower() for login in logins)
    return tuple(_find(login, users, lambda user: user.login.lower(), "user") for login in wanted)


def _find(name: str, things: Sequence[T], name_of: Callable[[T], str], what: str) -> T:
    for thing in things:
        if name_of(thing) == name:
            return thing
    known = sorted({name_of(thing) for thing in things})
    raise InvalidInput(
        f"The repository has no {what} {quote_input(name)}",
        # The names are anyone's, and there may be hundreds.
        next_step=quote_service(suggest(name, known, f"Its {what}s are")),
    )
