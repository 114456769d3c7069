"""The official runner of conformance tests tries every server over HTTP, and one of a served role, in both eras.

Run by `scripts/check-conformance`, which installs it.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from drone_mcp_config.installation.reading import read_installation
from support.http_process import serving
from support.installed import SERVERS as INSTALLED
from support.installed import environment_of
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.conformance

HTTP = ("--http", "127.0.0.1:0")
SERVERS: dict[str, tuple[tuple[str, ...], str]] = {
    **{manifest.server: ((manifest.module, *HTTP), "/mcp") for manifest in read_installation().values()},
    "drone-logs of a served role": (("drone_mcp_config", "serve", "--role", "dev", *HTTP), "/logs/mcp"),
}
# The runner calls no tool, so that nothing has to answer where the services other than Drone are.
OTHERS = {name: text for server in INSTALLED for name, text in environment_of(server, "http://127.0.0.1:9").items()}
EXPECTED_FAILURES = sorted((Path(__file__).parents[1] / "conformance").glob("*.yaml"))
PASSED = re.compile(r"^Total: (\d+) passed", re.MULTILINE)
EXPECTED = re.compile(r"^  ~ (\S+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def drone() -> Iterator[dict[str, str]]:
    """Run a simulated Drone; yields what a server has to know of it."""
    with serving("drone_mcp_simulator", "serve", "--listen", "127.0.0.1:0", "--scenario", "demo") as simulator:
        yield {"DRONE_SERVER": simulator.url, "DRONE_TOKEN": simulator.told["tokens"]["dev"]}


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_fails_in_nothing_but_what_is_expected(server: str, drone: dict[str, str], tmp_path: Path) -> None:
    command, path = SERVERS[server]
    with serving(*command, **{**OTHERS, **drone}) as process:
        for file in EXPECTED_FAILURES:
            said = run_conformance(process.url + path, file, tmp_path / file.stem)
            passed, failed = PASSED.findall(said), sorted(EXPECTED.findall(said))
            assert failed == sorted(yaml.safe_load(file.read_text(encoding="utf-8"))["server"])
            line = f"{server}, {file.stem}: {passed[0]} checks passed, {len(failed)} failed as expected"
            print("\n" + line, end=" ")  # noqa: T201 - for whoever runs the script


def run_conformance(url: str, expected_failures: Path, results: Path) -> str:
    """Have the runner try a server against the revision that a file is named for; return what it printed."""
    revision = expected_failures.stem
    files = ["--expected-failures", str(expected_failures), "--output-dir", str(results)]
    done = subprocess.run(
        ["conformance", "server", "--url", url, "--requirements", revision, *files],
        capture_output=True,
        text=True,
        timeout=5 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout.partition("=== SUMMARY ===")[2] + done.stderr
    return done.stdout
