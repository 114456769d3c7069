"""`doctor` has the fleet server ask Coder: the address, the token, and whether a template keeps the contract."""

from __future__ import annotations

import json
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import anyio.from_thread
import pytest

from support.coder import READS, SCENARIO, WRITES, running_coder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]
    CheckAll = Callable[..., list[dict[str, Any]]]

ROLE = "role: only-fleet\nservers: {fleet: {}}\n"
CHANGING = """\
role: changing
servers:
  fleet:
    mode: on
    guard: {projects: [acme/*], audit: stderr}
"""


@pytest.fixture
def fake_packages(tmp_path: Path) -> Path:
    """Leave the installed servers as they are."""
    return tmp_path


@pytest.fixture
def check_all(run: Run, roles_dir: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> CheckAll:
    folder = roles_dir(**{"only-fleet": ROLE, "changing": CHANGING})

    def check_all(role: str = "only-fleet", **environment: str) -> list[dict[str, Any]]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        outcome = run("doctor", "--role", role, "--roles-dir", str(folder), "--json")
        assert outcome.out, outcome.err
        return [one for one in json.loads(outcome.out)["checks"] if one["name"] == "drone-fleet"]

    return check_all


@pytest.fixture
def check(check_all: CheckAll) -> Callable[..., dict[str, Any]]:
    """Return the check of the server itself, which comes before those of its tokens."""
    return lambda **environment: check_all(**environment)[0]


@contextmanager
def played_coder(tokens: Mapping[str, list[str]] | None = None, **template: Any) -> Iterator[dict[str, str]]:
    """Serve a Coder from another thread, with other scopes of tokens, and a template that differs in some facts.

    Yield what a server needs to ask it.
    """
    scenario = deepcopy(SCENARIO)
    scenario["templates"]["claude-dev"] |= template
    scenario["users"]["mona"]["tokens"] |= tokens or {}
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running_coder(scenario)) as coder,
    ):
        yield coder.environment()


def test_a_coder_with_a_template_that_keeps_the_contract_is_well(check: Callable[..., dict[str, Any]]) -> None:
    with played_coder() as environment:
        assert check(**environment)["status"] == "ok"


def test_a_template_that_breaks_the_contract_is_named_with_what_it_lacks(check: Callable[..., dict[str, Any]]) -> None:
    with played_coder(without=["last_message"]) as environment:
        found = check(**environment)
    assert found["status"] == "failed"
    assert "claude-dev: it has no parameter last_message" in found["detail"]
    assert "docs/fleet.md" in found["fix"]


def test_a_wrong_token_is_reported_and_not_shown(check: Callable[..., dict[str, Any]]) -> None:
    with played_coder() as environment:
        found = check(**environment | {"CODER_SESSION_TOKEN": "another-token"})
    assert found["status"] == "failed"
    assert "does not know this token" in found["detail"]
    assert "CODER_SESSION_TOKEN" in found["fix"]
    assert "another-token" not in json.dumps(found)


def test_an_address_where_nothing_listens_is_reported(check: Callable[..., dict[str, Any]]) -> None:
    with played_coder() as environment:
        found = check(**environment | {"CODER_URL": "http://127.0.0.1:9"})
    assert "No connection to http://127.0.0.1:9" in found["detail"]


def test_both_tokens_are_tried_and_their_rights_named(check_all: CheckAll) -> None:
    with played_coder() as environment:
        found = check_all("changing", **environment, CODER_WRITE_TOKEN=WRITES)
    assert [one["status"] for one in found] == ["ok", "ok", "ok"]
    assert found[1]["detail"] == "CODER_SESSION_TOKEN has the rights to read, application_connect workspaces"
    assert found[2]["detail"] == (
        "CODER_WRITE_TOKEN has the rights to create, delete, start, stop, application_connect workspaces"
    )


@pytest.mark.parametrize(
    ("tokens", "variable", "scopes"),
    [
        ({WRITES: ["coder:workspaces.access", "coder:workspaces.create"]}, "CODER_WRITE_TOKEN", "delete operate"),
        ({WRITES: ["coder:workspaces.operate"]}, "CODER_WRITE_TOKEN", "access create delete"),
        ({READS: ["coder:workspaces.operate", "user:read"]}, "CODER_SESSION_TOKEN", "access"),
    ],
)
def test_the_scopes_that_a_token_lacks_are_named(
    tokens: dict[str, list[str]], variable: str, scopes: str, check_all: CheckAll
) -> None:
    with played_coder(tokens) as environment:
        found = check_all("changing", **environment, CODER_WRITE_TOKEN=WRITES)
    (failed,) = [one for one in found if one["status"] == "failed"]
    assert failed["detail"].startswith(f"{variable} lacks the right to ")
    assert ", ".join(f"coder:workspaces.{scope}" for scope in scopes.split()) in failed["fix"]


def test_a_token_for_changes_that_coder_does_not_know_is_named_and_not_shown(check_all: CheckAll) -> None:
    with played_coder() as environment:
        found = check_all("changing", **environment, CODER_WRITE_TOKEN="another-token")
    (failed,) = [one for one in found if one["status"] == "failed"]
    assert failed["detail"].startswith("CODER_WRITE_TOKEN: Coder does not know this token")
    assert "another-token" not in json.dumps(found)


def test_a_reading_token_that_cannot_have_creations_rehearsed_is_reported(check_all: CheckAll) -> None:
    with played_coder({READS: ["coder:workspaces.access"]}) as environment:
        found = check_all("changing", **environment, CODER_WRITE_TOKEN=WRITES)
    (failed,) = [one for one in found if one["status"] == "failed"]
    assert "user:read" in failed["fix"]


def test_a_role_that_changes_nothing_has_only_its_reading_token_checked(check_all: CheckAll) -> None:
    with played_coder() as environment:
        found = check_all(**environment, CODER_WRITE_TOKEN="another-token")
    assert [one["status"] for one in found] == ["ok", "ok"]
