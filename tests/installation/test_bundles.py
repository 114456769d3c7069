"""The MCPB bundles and their entries for the MCP registry are valid; a bundle starts as its client starts it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from drone_mcp_config.demo.processes import simulated
from drone_mcp_config.installation.reading import read_installation
from installation.conftest import PATIENCE
from release.bundles import bundle_manifest, registry_entry, write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
PRODUCT = metadata("drone-mcp")
SERVERS = read_installation()
REPOSITORY = "example/drone-mcp"
TEXT = {"type": "string", "minLength": 1}

# What is used here of an MCPB manifest 0.4: modelcontextprotocol/mcpb, schemas/mcpb-manifest-v0.4.schema.json.
FIELD = {
    "type": "object",
    "required": ["type", "title", "description"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "string"},
        "title": TEXT,
        "description": TEXT,
        "required": {"type": "boolean"},
        "sensitive": {"type": "boolean"},
    },
}
MANIFEST: dict[str, Any] = {
    "type": "object",
    "required": ["manifest_version", "name", "version", "description", "author", "server"],
    "additionalProperties": False,
    "properties": {
        "manifest_version": {"const": "0.4"},
        **dict.fromkeys(("name", "display_name", "version", "description", "license"), TEXT),
        "author": {"type": "object", "required": ["name"], "additionalProperties": False, "properties": {"name": TEXT}},
        "keywords": {"type": "array", "items": TEXT},
        "server": {
            "type": "object",
            "required": ["type", "entry_point", "mcp_config"],
            "additionalProperties": False,
            "properties": {
                "type": {"const": "uv"},
                "entry_point": TEXT,
                "mcp_config": {
                    "type": "object",
                    "required": ["command"],
                    "additionalProperties": False,
                    "properties": {
                        "command": TEXT,
                        "args": {"type": "array", "items": TEXT},
                        "env": {"type": "object", "additionalProperties": TEXT},
                    },
                },
            },
        },
        "tools": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "description"],
                "additionalProperties": False,
                "properties": {"name": TEXT, "description": TEXT},
            },
        },
        "compatibility": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "runtimes": {"type": "object", "additionalProperties": False, "properties": {"python": TEXT}}
            },
        },
        "user_config": {"type": "object", "additionalProperties": FIELD},
    },
}

# What is used here of the registry's entries, and the limits of their texts:
# https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json.
ENTRY: dict[str, Any] = {
    "type": "object",
    "required": ["$schema", "name", "description", "version", "packages"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"const": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"},
        "name": {"type": "string", "pattern": r"^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$", "maxLength": 200},
        "title": {**TEXT, "maxLength": 100},
        "description": {**TEXT, "maxLength": 100},
        "version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "repository": {
            "type": "object",
            "required": ["url", "source"],
            "properties": {"url": {"type": "string", "pattern": "^https://"}, "source": {"const": "github"}},
        },
        "packages": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["registryType", "identifier", "fileSha256", "transport"],
                "additionalProperties": False,
                "properties": {
                    "registryType": {"const": "mcpb"},
                    "identifier": {"type": "string", "pattern": r"^https://github\.com/.+\.mcpb$"},
                    "fileSha256": {"type": "string", "pattern": "^[a-f0-9]{64}$"},
                    "transport": {"const": {"type": "stdio"}},
                    "environmentVariables": {
                        "type": "array",
                        "minItems": 2,
                        "items": {
                            "type": "object",
                            "required": ["name", "description", "isRequired", "isSecret"],
                            "additionalProperties": False,
                            "properties": {
                                "name": {"type": "string", "pattern": "^[A-Z_]+$"},
                                "description": TEXT,
                                "isRequired": {"const": True},
                                "isSecret": {"type": "boolean"},
                            },
                        },
                    },
                },
            },
        },
    },
}


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_has_a_valid_manifest_that_asks_for_what_the_server_needs(name: str) -> None:
    manifest = bundle_manifest(SERVERS[name], PRODUCT)
    jsonschema.validate(manifest, MANIFEST)
    asked = manifest["user_config"]
    given = manifest["server"]["mcp_config"]["env"]
    assert {*given.values()} == {f"${{user_config.{field}}}" for field in asked}
    assert set(given) <= set(SERVERS[name].environment)
    secret = {variable for variable, value in given.items() if asked[value[14:-1]].get("sensitive")}
    assert secret == {service.token for service in SERVERS[name].needed_services}


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_has_a_valid_entry_for_the_registry(name: str, tmp_path: Path) -> None:
    bundle = tmp_path / f"{SERVERS[name].server}-0.1.0.mcpb"
    bundle.write_bytes(b"a bundle")
    entry = registry_entry(SERVERS[name], PRODUCT, bundle, REPOSITORY)
    jsonschema.validate(entry, ENTRY)
    (package,) = entry["packages"]
    assert package["fileSha256"] == hashlib.sha256(b"a bundle").hexdigest()
    assert package["identifier"].endswith(f"/v{PRODUCT['Version']}/{bundle.name}")
    secret = {item["name"] for item in package["environmentVariables"] if item["isSecret"]}
    assert secret == {service.token for service in SERVERS[name].needed_services}


def test_two_bundles_of_the_same_wheel_are_equal(tmp_path: Path) -> None:
    wheel = tmp_path / "drone_mcp-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    made = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        folder.mkdir()
        made.append(write_bundle(folder, SERVERS["builds"], PRODUCT, wheel, "anyio==4.16.0 \\\n").read_bytes())
    assert made[0] == made[1]


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
            tools = {tool.name for tool in (await client.list_tools()).tools}
            assert tools == set(SERVERS["builds"].tool_names)
            answer = await client.call_tool("drone_list_builds", {"repo": "octo/hello", "limit": 1})
            assert answer.structured_content
            assert answer.structured_content["builds"]
