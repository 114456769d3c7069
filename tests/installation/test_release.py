"""The files of a release: complete, with right digests, and an unpacked bundle starts as its client starts it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from drone_mcp_config.demo.processes import simulated
from installation.conftest import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
REPOSITORY = "example/drone-mcp"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of a release of one server."""
    folder = tmp_path_factory.mktemp("release")
    command = [sys.executable, "-m", "release", "builds", "--to", str(folder), "--repository", REPOSITORY]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=PATIENCE)
    return folder


def test_the_script_writes_the_bundle_and_its_entry(release: Path) -> None:
    (bundle,), (entry,) = release.glob("*.mcpb"), release.glob("*.server.json")
    (package,) = json.loads(entry.read_text(encoding="utf-8"))["packages"]
    assert package["fileSha256"] == hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert package["identifier"].endswith(bundle.name)


def test_the_digests_are_those_of_every_file(release: Path) -> None:
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=release, capture_output=True, text=True, check=True
    )
    named = {line.removesuffix(": OK") for line in checked.stdout.splitlines()}
    assert named == {path.name for path in release.iterdir()} - {"SHA256SUMS"}
    assert {Path(name).suffix for name in named} == {".whl", ".gz", ".mcpb", ".json"}


def test_the_script_refuses_a_server_that_is_not_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "release", "biulds", "--to", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2
    assert "there is no server biulds; choose from" in done.stderr


@pytest.fixture
def started_by(tmp_path: Path, release: Path, installers: Path) -> Callable[[dict[str, str]], StdioServerParameters]:
    """Unpack a bundle and install it; return how a client starts its server, given what its user has typed."""
    (bundle,) = release.glob("*.mcpb")
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(bundle) as file:
        file.extractall(folder)
    config = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["server"]["mcp_config"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    command = str(installers / config["command"])
    # The first start installs, for which clients allow more time than the client of this test does.
    install = [command, "sync", "--no-dev", "--quiet", "--directory", str(folder)]
    subprocess.run(install, env=kept, check=True, timeout=PATIENCE)
    words = [word.replace("${__dirname}", str(folder)) for word in config["args"]]

    def parameters(typed: dict[str, str]) -> StdioServerParameters:
        given = {name: typed[text] for name, text in config["env"].items()}
        return StdioServerParameters(command=command, args=words, env={**kept, **given})

    return parameters


async def test_an_unpacked_bundle_starts_and_answers_from_drone(
    tmp_path: Path, started_by: Callable[[dict[str, str]], StdioServerParameters]
) -> None:
    with simulated(tmp_path, keep=False) as drone:
        typed = {"${user_config.drone_server}": drone.url, "${user_config.drone_token}": drone.token}
        async with Client(stdio_client(started_by(typed))) as client:
            assert "drone_list_builds" in {tool.name for tool in (await client.list_tools()).tools}
            answer = await client.call_tool("drone_list_builds", {"repo": "octo/hello", "limit": 1})
            assert answer.structured_content
            assert answer.structured_content["builds"]
