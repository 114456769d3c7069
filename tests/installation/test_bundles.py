"""The MCPB bundles of all servers and their entries for the MCP registry are what clients and the registry accept."""

from __future__ import annotations

import hashlib
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from drone_mcp_config.installation.reading import read_installation
from release.bundles import bundle_manifest, registry_entry, write_bundle

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
