"""What a role file says of the guard of a server that writes: it reaches the server, and nothing else decides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.guard.rate import Rate
from ci_mcp_kit.guard.settings import GuardSettings
from drone_mcp_build.guard.rules import BuildRules
from drone_mcp_build.guard.spec import BUILD_GUARD
from drone_mcp_build.guard.variables import read_guard
from drone_mcp_config.installation.server_manifest import ManifestGuard
from drone_mcp_config.plan.making import PlanContext, make_plan
from drone_mcp_config.plan.model import StdioServer
from drone_mcp_config.roles.guard_model import guard_model
from drone_mcp_config.roles.library import RoleLibrary
from drone_mcp_config.roles.loading import load_role
from drone_mcp_config.serving.servers import hosted_servers

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_config.installation.reading import Servers

KEYS = BUILD_GUARD.manifest()["keys"]
GUARD = {name: key["variable"] for name, key in KEYS.items()}
RATE, AUDIT = KEYS["rate"]["schema"]["pattern"], KEYS["audit"]["schema"]["pattern"]
NAME_GLOB = KEYS["branches"]["schema"]["items"]["pattern"]
PAGE = Path(__file__).parents[4] / "docs" / "security.md"
KEY = "a random text of more than 32 characters"
BASE = """
role: base
servers:
  actions:
    mode: dry-run
    guard: {repos: [octo/hello], rate: 2/h, audit: stderr}
"""
CHILD = """
role: child
extends: base
servers:
  actions:
    mode: on
    guard: {rate: 5/d, branches: [main, "!main-*"], operations: [restart], key: TEAM_KEY, audit: /var/log/audit.jsonl}
"""


def guard_settings(environment: dict[str, str]) -> GuardSettings:
    return GuardSettings.of(BuildRules, read_guard(environment), environment)


def planned(folder: Path, installed: Servers) -> dict[str, Any]:
    role = load_role("child", RoleLibrary((folder,)), installed)
    (server,) = make_plan(role, installed, PlanContext("/py")).servers
    assert isinstance(server, StdioServer)
    return {
        name: template.fill(
            {"TEAM_KEY": KEY, "DRONE_SERVER": "https://d", "DRONE_TOKEN": "t", "DRONE_WRITE_TOKEN": "w"}
        )
        for name, template in server.env.items()
    }


def test_a_role_says_it_key_by_key_over_its_parent(roles_dir: Callable[..., Path], installed: Servers) -> None:
    env = planned(roles_dir(base=BASE, child=CHILD), installed)
    assert {name: value for name, value in env.items() if name in GUARD.values()} == {
        "DRONE_MCP_ACTION_REPOS": "octo/hello",
        "DRONE_MCP_ACTION_RATE": "5/d",
        "DRONE_MCP_ACTION_BRANCHES": "main,!main-*",
        "DRONE_MCP_ACTION_OPERATIONS": "restart",
        "DRONE_MCP_AUDIT_LOG": "/var/log/audit.jsonl",
        "DRONE_MCP_ACTION_KEY": KEY,
    }
    assert env["AGENT_ROLE"] == "child"
    guarded = guard_settings(env)
    assert isinstance(guarded.rules, BuildRules)
    assert (guarded.rules.mode, guarded.rules.rate, guarded.rules.repos) == ("on", Rate(5, 86400), ("octo/hello",))
    assert guarded.agent["role"] == "child"


def test_the_environment_does_not_widen_what_the_role_says(roles_dir: Callable[..., Path], installed: Servers) -> None:
    role = load_role("child", RoleLibrary((roles_dir(base=BASE, child=CHILD),)), installed)
    (server,) = hosted_servers(role, installed, {"DRONE_MCP_ACTION_REPOS": "*/*", "DRONE_MCP_ACTION_CONFIRM": "high"})
    assert server.environment["DRONE_MCP_ACTION_REPOS"] == "octo/hello"
    assert server.environment["DRONE_MCP_ACTION_CONFIRM"] == "high", "what the role leaves open, the environment says"


def test_show_tells_where_each_key_of_the_guard_comes_from(run: Any, roles_dir: Callable[..., Path]) -> None:
    out = run("show", "child", "--roles-dir", str(roles_dir(base=BASE, child=CHILD))).out
    places = {line.partition("  # ")[0].strip(): line.partition("  # ")[2] for line in out.splitlines()}
    assert places["repos: [octo/hello]"] == "base.yaml:6"
    assert places["rate: 5/d"] == "child.yaml:7"
    assert places["key: TEAM_KEY"] == "child.yaml:7"


@pytest.mark.checkout
def test_the_security_page_names_every_key_with_its_variable_and_no_file_that_is_not_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| `(DRONE_\w+)` \|$", page, re.MULTILINE))
    assert rows == GUARD
    assert [path for path in re.findall(r"`(tests/[^`]+)`", page) if not (PAGE.parents[1] / path).exists()] == []


ASCII = st.characters(codec="ascii")


@given(
    rate=st.from_regex(RATE, fullmatch=True),
    audit=st.from_regex(AUDIT, fullmatch=True, alphabet=ASCII),
    globs=st.lists(st.from_regex(NAME_GLOB, fullmatch=True, alphabet=ASCII), min_size=1, max_size=3),
)
def test_what_a_role_file_takes_the_server_takes(rate: str, audit: str, globs: list[str]) -> None:
    guard_model(ManifestGuard.model_validate(BUILD_GUARD.manifest())).model_validate(
        {"rate": rate, "audit": audit, "branches": globs}
    )
    env = {GUARD["rate"]: rate, GUARD["branches"]: ",".join(globs)}
    if audit[1:2] != ":":  # a path of Windows is one on Windows alone
        env[GUARD["audit"]] = audit
    read = guard_settings(env)
    assert isinstance(read.rules, BuildRules)
    assert read.rules.branches == tuple(dict.fromkeys(globs))
