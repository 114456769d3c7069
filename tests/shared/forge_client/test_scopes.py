from __future__ import annotations

import json
from typing import Any

import pytest

from forge_client.models.server import TokenFacts
from support.forge_captures import FIXTURES

MATRIX: dict[str, Any] = json.loads((FIXTURES / "gitea-1.27.3" / "scope_matrix.json").read_text(encoding="utf-8"))


def needed(route: str) -> tuple[str, ...]:
    """The scopes for a captured route, as the documentation of the servers has them."""
    method, _, what = route.partition(" ")
    right = "read" if method == "GET" else "write"
    if what == "version":
        return ()
    if what == "user":
        return (f"{right}:user",)
    if what in {"user repos", "org repos"}:
        return f"{right}:{'user' if what == 'user repos' else 'organization'}", f"{right}:repository"
    of_issues = ("issue", "comment", "timeline", "labels", "milestones", "private issues")
    return (f"{right}:{'issue' if what.startswith(of_issues) else 'repository'}",)


@pytest.mark.parametrize("route", MATRIX["status"])
def test_a_captured_token_lacks_a_scope_where_the_forge_refused_it(route: str) -> None:
    for token, status in MATRIX["status"][route].items():
        missing = TokenFacts(scopes=tuple(MATRIX["tokens"][token])).find_missing(*needed(route))
        assert bool(missing) == (status == 403), token


def test_the_missing_scopes_are_named_and_all_lacks_none() -> None:
    token = TokenFacts(scopes=("write:issue", "public-only"))
    assert token.find_missing("read:issue", "write:issue", "read:repository") == ("read:repository",)
    assert TokenFacts(scopes=("all",)).find_missing("write:repository") == ()
