"""Compares a write with its answer, because a forge drops fields that the caller may not set, and answers 201. Pure."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from forge_client.gitea.responses import read_as
from forge_client.models.issues import Issue, Label
from forge_client.requests import Written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ci_mcp_http.call import Call, Reader
    from ci_mcp_http.response import Response
    from forge_client.models.pulls import PullRequest

# The field of a request -> the check that the answer has its value.
_APPLIED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "title": lambda sent, answer: answer.title.strip() == sent.strip(),
    "body": lambda sent, answer: _unify_lines(answer.body) == _unify_lines(sent),
    "state": lambda sent, answer: answer.state == sent,
    "labels": lambda sent, answer: set(sent) <= {label.id for label in answer.labels},
    "milestone": lambda sent, answer: (answer.milestone.id if answer.milestone else 0) == sent,
    "assignees": lambda sent, answer: (
        {login.lower() for login in sent} == {user.login.lower() for user in answer.assignees}
    ),
    "base": lambda sent, answer: answer.base.ref == sent,
}


@cache
def read_written(model: type[Issue | PullRequest]) -> Reader[Written[Any]]:
    """Return the reader of a call that writes a `model`; it compares the answer with the body of the call."""
    read_answer = read_as(model)

    def read(call: Call[Any], response: Response) -> Written[Any]:
        answer = read_answer(call, response)
        sent = call.body or {}
        is_applied = {field: check(sent[field], answer) for field, check in _APPLIED.items() if field in sent}
        return Written(answer, tuple(field for field, applied in is_applied.items() if not applied))

    return read


def read_labels(call: Call[Any], response: Response) -> Written[tuple[Label, ...]]:
    """Read the labels that an issue has after a change of them."""
    answer: tuple[Label, ...] = read_as(tuple[Label, ...] | None)(call, response) or ()
    is_applied = {label.id for label in answer} >= set((call.body or {})["labels"])
    return Written(answer, () if is_applied else ("labels",))


def _unify_lines(text: str) -> str:
    return text.replace("\r\n", "\n")
