"""`doctor` has the fleet server ask Coder: the address, the token, and whether a template keeps the contract."""

from __future__ import annotations

import json
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import anyio.from_thread
import pytest

from support.coder import SCENARIO, running_coder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]

ROLE = "role: only-fleet\nservers: {fleet: {}}\n"


@pytest.fixture
def fake_packages(tmp_path: Path) -> Path:
    """Leave the installed servers as they are."""
    return tmp_path


@pytest.fixture
def check(run: Run, roles_dir: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    folder = roles_dir(**{"only-fleet": ROLE})

    def check(**environment: str) -> dict[str, Any]:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        outcome = run("doctor", "--role", "only-fleet", "--roles-dir", str(folder), "--json")
        assert outcome.out, outcome.err
        (found,) = [one for one in json.loads(outcome.out)["checks"] if one["name"] == "drone-fleet"]
        return dict(found)

    return check


@contextmanager
def played_coder(**template: Any) -> Iterator[dict[str, str]]:
    """Serve a Coder from another thread, whose template differs in some facts; yield what a server needs to ask it."""
    scenario = deepcopy(SCENARIO)
    scenario["templates"]["claude-dev"] |= template
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
