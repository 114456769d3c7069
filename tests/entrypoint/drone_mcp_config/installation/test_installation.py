"""A server that is installed but cannot be used, because its manifest is missing or wrong."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]

WITH, WITHOUT = "role: with\nservers: {builds: {}, logs: {}}\n", "role: without\nservers: {builds: {}}\n"


def described(**facts: Any) -> str:
    """Write a manifest that is right but for these facts."""
    return json.dumps({"server": "drone-logs", "command": "x", "module": "x", "environment": [], **facts})


def guarded(schema: dict[str, str]) -> dict[str, Any]:
    """Return a guard with one key."""
    return {"mode": "X", "token": "X_TOKEN", "keys": {"k": {"variable": "X_K", "schema": schema}}}


BREAKAGES = [
    (None, "cannot be read (No such file or directory)"),
    ("", "the file: Invalid JSON"),
    ("[]", "the file: Input should be an object"),
    ('{"server": "drone_logs", "command": "x", "module": "x", "environment": []}', "server: String should match"),
    ('{"server": "drone-logs", "command": "x", "module": "x"}', "environment: Field required"),
    (described(services=[{"name": "X", "address": "X_URL", "token": "X_TOKEN"}]), "X_URL is not in its 'environment'"),
    (described(guard={"mode": "X", "token": "X_TOKEN"}), "X is not in its 'environment'"),
    (described(guard=guarded({"type": "string", "format": "email"})), "schema.format: Extra inputs are not permitted"),
    (
        described(guard=guarded({"type": "string", "pattern": "("})),
        "schema.pattern: Value error, this is not a",
    ),
    (described(guard=guarded({"type": "array"})), "'items' belong to an array"),
]


@pytest.fixture(params=BREAKAGES, ids=[why for _, why in BREAKAGES])
def fault(request: pytest.FixtureRequest, fake_packages: Path) -> str:
    """Break the manifest of `logs`, and return what is said about it."""
    text, why = request.param
    manifest = fake_packages / "fake_mcp_logs" / "manifest.json"
    manifest.unlink()
    if text is not None:
        manifest.write_text(text, encoding="utf-8")
    return str(why)


@pytest.fixture
def roles(roles_dir: Callable[..., Path]) -> tuple[str, str]:
    return "--roles-dir", str(roles_dir(**{"with": WITH, "without": WITHOUT}))


def test_a_role_without_it_works(run: Run, fault: str, roles: tuple[str, str], work: Path) -> None:
    written, shown = run("--role", "without", *roles), run("show", "without", *roles)
    assert (written.code, shown.code) == (0, 0)
    assert fault not in written.err + shown.err
    assert list(json.loads((work / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]) == ["drone-builds"]


@pytest.mark.parametrize("command", [("--role", "with"), ("show", "with"), ("doctor", "--role", "with")])
def test_a_role_with_it_is_refused_with_the_reason(
    run: Run, fault: str, roles: tuple[str, str], work: Path, command: tuple[str, ...]
) -> None:
    outcome = run(*command, *roles)
    assert (outcome.code, outcome.out) == (2, "")
    assert re.search(r"with\.yaml:2: the installed server 'logs' is incomplete: .+manifest\.json", outcome.err)
    assert fault in outcome.err
    assert outcome.err.endswith(". Install drone-mcp again.\n")
    assert not (work / ".mcp.json").exists()


def test_roles_shows_the_others_and_says_what_is_wrong_with_those_that_name_it(
    run: Run, fault: str, roles: tuple[str, str]
) -> None:
    outcome = run("roles", *roles)
    rows = [line.split() for line in outcome.out.splitlines()]
    assert {"viewer", "without"} <= set(rows[0])
    assert "with" not in rows[0]
    assert ["builds", "drone_get_build", *"x" * len(rows[0][2:])] in rows
    assert outcome.code == 2
    assert fault in next(line for line in outcome.err.splitlines() if "with.yaml:2" in line)


def test_doctor_warns_of_it_and_goes_on(run: Run, fault: str) -> None:
    outcome = run("doctor", "--json")
    first, *others = json.loads(outcome.out)["checks"]
    assert (first["name"], first["status"], first["fix"]) == ("installation", "warning", "Install drone-mcp again")
    assert "'logs'" in first["detail"]
    assert fault in first["detail"]
    assert [check["name"] for check in others] == ["settings", "servers"]
