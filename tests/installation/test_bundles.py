"""The MCPB bundles of all servers and their entries for the MCP registry are what clients and the registry accept."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from drone_mcp_config.installation.reading import read_installation
from installation.conftest import PATIENCE
from releasing.bundles import bundle_manifest, registry_entry, write_bundle

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]
PRODUCT = metadata("drone-mcp")
SERVERS = read_installation()
REPOSITORY = "example/drone-mcp"
VALIDATOR = ROOT / ".cache" / "registry" / "bin" / "registry-validator"  # by scripts/build-registry-validator
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


def entry_of(name: str, folder: Path) -> dict[str, Any]:
    bundle = folder / f"{SERVERS[name].server}-0.1.0.mcpb"
    bundle.write_bytes(b"a bundle")
    return registry_entry(SERVERS[name], PRODUCT, bundle, REPOSITORY)


def validate(entry: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """Ask the registry's validator; without the program, the test is skipped, and fails in CI."""
    if not VALIDATOR.exists():
        missing = "needs scripts/build-registry-validator"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    file = folder / "server.json"
    file.write_text(json.dumps(entry), encoding="utf-8")
    return subprocess.run([VALIDATOR, file], capture_output=True, text=True, check=False, timeout=PATIENCE)


@pytest.mark.parametrize("name", SERVERS)
def test_the_registry_would_accept_the_entry_of_every_server(name: str, tmp_path: Path) -> None:
    done = validate(entry_of(name, tmp_path), tmp_path)
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"description": "Reads builds. " * 10}, "length must be <= 100"),
        ({"name": "no-namespace"}, "does not match pattern"),
        ({"$schema": "https://static.modelcontextprotocol.io/schemas/2025-07-09/server.schema.json"}, "2025-12-11"),
        ({"homepage": "https://example.com"}, "unknown field"),
    ],
)
def test_the_registry_would_refuse_a_wrong_entry(change: dict[str, Any], reason: str, tmp_path: Path) -> None:
    done = validate(entry_of("builds", tmp_path) | change, tmp_path)
    assert done.returncode == 1
    assert reason in done.stdout


@pytest.mark.parametrize("name", SERVERS)
def test_an_entry_names_its_bundle_and_the_secrets_that_its_server_needs(name: str, tmp_path: Path) -> None:
    (package,) = entry_of(name, tmp_path)["packages"]
    assert package["fileSha256"] == hashlib.sha256(b"a bundle").hexdigest()
    assert package["identifier"].endswith(f"/v{PRODUCT['Version']}/{SERVERS[name].server}-0.1.0.mcpb")
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
