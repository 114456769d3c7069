from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from drone_mcp_config.plan.making import PlanContext, make_plan
from drone_mcp_config.roles.library import RoleLibrary, shipped_roles
from drone_mcp_config.roles.loading import load_role

if sys.platform != "win32":
    import pty

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drone_mcp_config.installation.reading import Servers
    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]

BASE = """\
role: base
description: "The base: a start"
servers:
  builds:
    tools: [drone_get_build]
    preload: true
external:
  gitea: {command: gitea-mcp, env: {GITEA_TOKEN: "${GITEA_TOKEN}"}}
"""
CHILD = """\
role: child
extends: base
repos: ["octo/*"]
servers:
  actions:
    mode: dry-run
agent:
  image: go:1
"""


def test_roles_are_shown_against_servers_and_tools(run: Run, roles_dir: Callable[..., Path]) -> None:
    outcome = run("roles", "--roles-dir", str(roles_dir(base=BASE, child=CHILD)))
    assert outcome.code == 0
    rows = [line.split() for line in outcome.out.splitlines()]
    assert rows[0] == ["server", "tool", "base", "child", "operator", "reader", "viewer"]
    assert ["builds", "drone_get_build", "x", "x", "x", "x", "x"] in rows
    assert ["builds", "drone_list_builds", "-", "-", "x", "x", "x"] in rows
    assert ["actions", "drone_stop_build", "-", "dry-run", "dry-run", "-", "-"] in rows
    assert rows[-1][0] == "viewer:"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize("columns", [80, 40, 1000])
def test_many_roles_are_folded_where_a_terminal_is_narrow(
    work: Path, roles_dir: Callable[..., Path], columns: int
) -> None:
    names = [f"role-number-{number}" for number in range(8)]
    folder = roles_dir(**{name: BASE.replace("role: base", f"role: {name}") for name in names})
    terminal, stdout = pty.openpty()
    command = [sys.executable, "-m", "drone_mcp_config", "roles", "--roles-dir", str(folder)]
    process = subprocess.Popen(
        command, cwd=work, stdout=stdout, env=os.environ | {"COLUMNS": str(columns), "TERM": "xterm"}
    )
    os.close(stdout)
    out = b""
    # The system's way to say that nobody has the other end open any more (Linux: EIO).
    with contextlib.suppress(OSError):
        while data := os.read(terminal, 65536):
            out += data
    assert process.wait() == 0
    os.close(terminal)
    table = re.sub(r"\x1b\[[0-9;]*m", "", out.decode()).partition(f"{names[0]}: The base")[0]
    headings = [line.split() for line in table.splitlines() if line.startswith("server")]
    assert [word for heading in headings for word in heading[2:] if word in names] == names
    assert (len(headings) == 1) == (columns == 1000)
    if columns >= 80:
        assert table.count("drone_search_build_logs") == len(headings)
        assert max(map(len, table.splitlines())) <= columns


def test_a_broken_role_does_not_hide_the_others(run: Run, roles_dir: Callable[..., Path]) -> None:
    child = "role: child\nextends: broken\n"
    outcome = run("roles", "--roles-dir", str(roles_dir(broken="role: broken\nx: 1\n", child=child)))
    assert outcome.code == 2
    assert "reader" in outcome.out
    assert outcome.err.count("broken.yaml:2: 'x' is not a key of a role.") == 1


def test_show_says_where_each_value_comes_from(run: Run, roles_dir: Callable[..., Path]) -> None:
    outcome = run("show", "child", "--roles-dir", str(roles_dir(base=BASE, child=CHILD)))
    assert outcome.code == 0
    places = {line.partition("  # ")[0].strip(): line.partition("  # ")[2] for line in outcome.out.splitlines()}
    assert places["role: child"] == "child.yaml:1, built on base"
    assert places["tools: [drone_get_build]"] == "base.yaml:5"
    every = "tools: [drone_restart_build, drone_stop_build, drone_approve_build, drone_decline_build]"
    assert places[every] == "all that the server has"
    assert places["preload: true"] == "base.yaml:6"
    assert places["mode: dry-run"] == "child.yaml:6"
    assert places["image: go:1"] == "child.yaml:8"


def test_what_show_prints_is_a_role_that_does_the_same(
    run: Run, roles_dir: Callable[..., Path], installed: Servers, tmp_path: Path
) -> None:
    folder = roles_dir(base=BASE, child=CHILD)
    printed = run("show", "child", "--roles-dir", str(folder)).out
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "child.yaml").write_text(printed, encoding="utf-8")
    first = make_plan(load_role("child", RoleLibrary((folder,)), installed), installed, PlanContext("/py"))
    second = make_plan(load_role("child", RoleLibrary((alone,)), installed), installed, PlanContext("/py"))
    assert [server.name for server in first.servers] == [server.name for server in second.servers]
    gitea = next(server for server in first.servers if server.name == "gitea")
    assert gitea in second.servers
    assert [server.preload for server in first.servers] == [server.preload for server in second.servers]


def test_showing_an_unknown_role_brings_a_suggestion(run: Run) -> None:
    outcome = run("show", "oprator")
    assert (outcome.code, outcome.err) == (2, "There is no role 'oprator'. Did you mean 'operator'?\n")


def test_the_schema_takes_the_shipped_roles_and_refuses_others(run: Run) -> None:
    schema = json.loads(run("schema").out)
    for file in shipped_roles().glob("*.yaml"):
        jsonschema.validate(yaml.safe_load(file.read_text(encoding="utf-8")), schema)
    wrongs: list[dict[str, Any]] = [{"role": "x", "server": {}}, {"servers": {}}, {"role": "x", "external": {"y": {}}}]
    for wrong in wrongs:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_an_installation_may_have_some_of_the_servers_only(run: Run, fake_packages: Path) -> None:
    shutil.rmtree(fake_packages / "fake_mcp_actions")
    shown, written, refused = run("show", "reader"), run("--role", "reader"), run("--role", "operator")
    assert (shown.code, written.code) == (0, 0)
    assert refused.code == 2
    assert "there is no server 'actions'. This installation has: builds, logs, policy." in refused.err


def test_roles_lists_what_is_there_and_says_what_is_not(run: Run, fake_packages: Path) -> None:
    shutil.rmtree(fake_packages / "fake_mcp_actions")
    outcome = run("roles")
    assert outcome.out.splitlines()[0].split() == ["server", "tool", "reader", "viewer"]
    assert "operator.yaml:5: there is no server 'actions'." in outcome.err
    assert outcome.code == 2


def test_the_demo_says_that_it_has_no_simulator(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "drone_mcp_simulator" else found(name)
    )
    outcome = run("demo")
    assert (outcome.code, outcome.out) == (2, "")
    assert "drone-mcp-simulator, which is not part of this installation" in outcome.err
