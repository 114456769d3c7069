"""A role does without an optional server where the address of its service is not set, and says so."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORGE = "https://gitea.example.com"
ROLE = """
role: reviewer
description: Reads builds, and issues where there is a forge.
servers:
  builds: {}
  issues: {optional: true}
"""


@dataclass(frozen=True)
class Shell:
    """Runs the command for the role, in a folder of its own."""

    work: Path
    roles: Path

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith(("FORGE_", "DRONE_"))}
        options = ["--role", "reviewer", "--roles-dir", str(self.roles)]
        command = [*warm_python(), "-m", "drone_mcp_config", *arguments, *options]
        environment = known | variables
        return subprocess.run(
            command, cwd=self.work, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )

    def servers(self) -> list[str]:
        return list(json.loads((self.work / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"])


@pytest.fixture
def shell(work: Path, roles_dir: Callable[..., Path]) -> Shell:
    return Shell(work, roles_dir(reviewer=ROLE))


def test_it_is_left_out_of_a_configuration_and_named(shell: Shell) -> None:
    done = shell.run()
    assert done.returncode == 0, done.stderr
    assert shell.servers() == ["drone-builds"]
    assert "Left out drone-issues: FORGE_SERVER is not set here." in done.stderr
    assert "FORGE_TOKEN" not in done.stderr


@pytest.mark.parametrize("client", ["claude-desktop", "zed"])
def test_a_client_whose_file_holds_every_address_does_without_it_too(shell: Shell, client: str) -> None:
    done = shell.run("--client", client, "--print", DRONE_SERVER="https://drone.example.com")
    assert done.returncode == 0, done.stderr
    assert '"drone-builds"' in done.stdout
    assert "drone-issues" not in done.stdout
    assert "Left out drone-issues" in done.stderr


def test_it_is_there_once_the_address_is_set(shell: Shell) -> None:
    done = shell.run(FORGE_SERVER=FORGE)
    assert shell.servers() == ["drone-builds", "drone-issues"]
    assert "Left out" not in done.stderr


def test_a_file_with_it_loses_it_where_the_address_is_set_no_more(shell: Shell) -> None:
    shell.run(FORGE_SERVER=FORGE)
    shell.run()
    assert shell.servers() == ["drone-builds"]


def test_the_address_of_a_service_that_the_role_needs_anyway_leaves_nothing_out(shell: Shell) -> None:
    assert "Set DRONE_SERVER" in shell.run(FORGE_SERVER=FORGE).stderr
    assert shell.servers() == ["drone-builds", "drone-issues"]


def test_doctor_skips_it_and_says_what_to_set(shell: Shell) -> None:
    done = shell.run("doctor", "--json", DRONE_SERVER="http://127.0.0.1:9", DRONE_TOKEN="a-token-of-the-tests")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["drone-issues"]["status"] == "skipped"
    assert "FORGE_SERVER" in checks["drone-issues"]["fix"]
    assert checks["forge"]["status"] == "skipped"


def test_doctor_fails_where_a_server_of_the_same_service_is_needed_whatever_else_is_optional(
    work: Path, roles_dir: Callable[..., Path]
) -> None:
    role = ROLE.replace("  issues: {optional: true}", "  code: {}\n  jenkins: {optional: true}")
    shell = Shell(work, roles_dir(reviewer=role))
    done = shell.run("doctor", "--json", DRONE_SERVER="http://127.0.0.1:9", DRONE_TOKEN="a-token-of-the-tests")
    checks = {check["name"]: check["status"] for check in json.loads(done.stdout)["checks"]}
    assert (checks["forge"], checks["jenkins"]) == ("failed", "skipped")
