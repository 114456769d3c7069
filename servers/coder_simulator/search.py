"""The search of workspaces (coder/coder v2.36.0, coderd/searchquery/search.go). Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from coder_simulator.answers import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coder_simulator.records import User, Workspace

KEYS: Final = frozenset(
    {"owner", "name", "template", "status", "has-agent", "healthy", "dormant", "outdated", "param", "id", "has-ai-task"}
)
STATUSES: Final = frozenset(
    ["pending", "starting", "running", "stopping", "stopped", "failed", "canceling", "canceled", "deleting", "deleted"]
)
INVALID: Final = "Invalid workspace search query."


def parse_query(query: str) -> list[tuple[str, str]]:
    """Return the terms of a query; a bare word is a name, `a/b` an owner and a name.

    Raises:
        Refusal: a key or a value is not known.
    """
    terms: list[tuple[str, str]] = []
    # The query is lower-cased as a whole. Quotes protect blanks and nothing else.
    for element in shlex.split(query.lower()):
        key, colon, value = element.partition(":")
        if ":" in value:
            raise Refusal(400, INVALID, fields=[("q", f"Query element \"{element}\" can only contain 1 ':'")])
        if not colon:
            owner, slash, name = element.rpartition("/")
            terms += [("owner", owner), ("name", name)] if slash else [("name", element)]
            continue
        if key not in KEYS:
            raise Refusal(400, INVALID, fields=[(key, f'"{key}" is not a valid query param')])
        if key == "status" and value not in STATUSES:
            detail = f'Query param "status" has invalid value: "{value}" is not a valid value'
            raise Refusal(400, INVALID, fields=[(key, detail)])
        terms.append((key, value))
    return terms


def search(workspaces: Iterable[Workspace], terms: list[tuple[str, str]], asker: User, now: float) -> list[Workspace]:
    """Return the workspaces that match, those that run first, then by owner and name. Deleted ones never show."""
    found = [one for one in workspaces if not one.is_deleted and _matches(one, terms, asker, now)]
    return sorted(found, key=lambda one: (one.latest.status != "running", one.owner.name, one.name))


def _matches(workspace: Workspace, terms: list[tuple[str, str]], asker: User, now: float) -> bool:
    # Several terms about parameters are joined by OR, all others by AND, as seen.
    params = [value.partition("=") for key, value in terms if key == "param"]
    others = [_fits(workspace, key, value, asker, now) for key, value in terms if key != "param"]
    values = {key.lower(): text.lower() for key, text in workspace.latest.values.items()}
    found = (name in values and (not has_value or values[name] == value) for name, has_value, value in params)
    return all(others) and (not params or any(found))


def _fits(workspace: Workspace, key: str, value: str, asker: User, now: float) -> bool:
    agent = workspace.agent
    status = agent.status(now) if agent else ""
    owner = asker.name if value == "me" else value
    known = {
        "owner": workspace.owner.name.lower() == owner,
        "name": value in workspace.name.lower(),
        "template": workspace.template.name.lower() == value,
        "status": workspace.latest.status == value,
        "has-agent": status == value,
        "healthy": (status in {"", "connected"}) == (value == "true"),
        "dormant": (workspace.dormant is not None) == (value == "true"),
        "outdated": value == "false",
        "id": workspace.id == value,
        "has-ai-task": value == "false",
    }
    return known[key]
