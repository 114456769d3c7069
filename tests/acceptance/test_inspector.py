"""The official MCP inspector, a client we did not write, tries every server of a generated `.mcp.json`.

Run by `scripts/check-inspector`, which installs it.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_config.installation.reading import read_installation
from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.inspector

SERVERS = read_installation()
# A server that also writes offers all of its tools where its writes are not turned off.
ROLE = json.dumps(
    {
        "role": "everything",
        "servers": {name: {"mode": "dry-run"} if manifest.guard else {} for name, manifest in SERVERS.items()},
    }
)
ERAS = ["legacy", "modern"]


@dataclass
class Inspector:
    """The inspector's command line over one configuration file."""

    config: Path
    environment: dict[str, str]

    def ask(self, server: str, method: str, *arguments: str) -> Any:
        done = self.run(server, method, *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def run(self, server: str, method: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["mcp-inspector", "--cli", "--config", str(self.config), "--server", server, "--method", method]
        # It passes references on unchanged, so their values are given to it.
        filled = [
            text for name in ("DRONE_SERVER", "DRONE_TOKEN") for text in ("-e", f"{name}={self.environment[name]}")
        ]
        return subprocess.run(
            [*command, *filled, "--format", "json", "-q", *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture(scope="module")
def inspector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inspector]:
    folder = tmp_path_factory.mktemp("inspector")
    command = [*warm_python(), "-m", "drone_mcp_simulator", "serve", "--listen", "127.0.0.1:0", "--scenario", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulator:
        assert simulator.stdout is not None
        ready = json.loads(simulator.stdout.readline())
        environment = {
            **os.environ,
            "DRONE_SERVER": ready["url"],
            "DRONE_TOKEN": ready["tokens"]["dev"],
            "MCP_INSPECTOR_SECRET_STORE": "memory",
        }
        config = folder / ".mcp.json"
        (folder / "everything.yaml").write_text(ROLE, encoding="utf-8")
        role = ["--role", "everything", "--roles-dir", str(folder)]
        make = [*warm_python(), "-m", "drone_mcp_config", *role, "--output", str(config)]
        subprocess.run(make, check=True, env=environment, capture_output=True)
        yield Inspector(config, environment)
        simulator.terminate()
        assert simulator.wait(PATIENCE) == 0


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("name", SERVERS)
def test_the_tools_of_a_server_pass_the_strict_portability_check(inspector: Inspector, name: str, era: str) -> None:
    answer = inspector.ask(SERVERS[name].server, "tools/list", "--strict", "--protocol-era", era)
    assert tuple(tool["name"] for tool in find(answer, "tools")) == SERVERS[name].tool_names


@pytest.mark.parametrize("era", ERAS)
def test_the_failing_build_is_found_and_its_log_read(inspector: Inspector, era: str) -> None:
    listed = inspector.ask(
        "drone-builds", "tools/call", "--tool-name", "drone_list_builds", "--protocol-era", era,
        "--tool-args-json", '{"repo": "octo/hello", "status": "failure"}',
    )  # fmt: skip
    number = find(listed, "structuredContent")["builds"][0]["number"]
    logs = inspector.ask(
        "drone-logs", "tools/call", "--tool-name", "drone_get_build_logs", "--protocol-era", era,
        "--tool-args-json", json.dumps({"repo": "octo/hello", "number": number}),
    )  # fmt: skip
    assert "|" in find(logs, "content")[0]["text"]


def test_one_resource_read_tells_the_status_of_a_repository(inspector: Inspector) -> None:
    answer = inspector.ask("drone-builds", "resources/read", "--uri", "drone://repo/octo/hello/latest")
    assert json.loads(find(answer, "contents")[0]["text"])["repo"] == "octo/hello"


def test_a_missing_build_is_a_failed_call_with_the_next_step(inspector: Inspector) -> None:
    done = inspector.run(
        "drone-builds", "tools/call", "--tool-name", "drone_get_build",
        "--tool-args-json", '{"repo": "octo/hello", "number": 99999}',
    )  # fmt: skip
    assert done.returncode == 5  # the inspector's code for a tool's error
    assert "NOT_FOUND" in done.stdout + done.stderr
    assert "next_step" in done.stdout + done.stderr


def find(answer: Any, key: str) -> Any:
    """Return the value of `key`, which the inspector may wrap in an envelope."""
    while key not in answer:
        answer = answer["result"]
    return answer[key]
