"""MCPB bundles of single servers, and their entries for the MCP registry.

A bundle is a zip file that Claude Desktop installs with a click (manifest 0.4 of
https://github.com/modelcontextprotocol/mcpb/blob/main/MANIFEST.md). It has the wheel and the pinned versions of its
dependencies; the client's own uv installs them, because some are compiled for each platform. An entry is a file
`server.json` (https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json).
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata
    from pathlib import Path

    from drone_mcp_config.installation.server_manifest import Manifest

ENTRY = "server.py"
SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
OLDEST = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can hold; the same for each build


def write_bundle(folder: Path, server: Manifest, product: PackageMetadata, wheel: Path, pins: str) -> Path:
    """Write the bundle of a server into a folder: the same bytes for the same wheel and pins."""
    files = {
        "manifest.json": _text(bundle_manifest(server, product)).encode(),
        "pyproject.toml": bundle_project(server, product, wheel.name, pins).encode(),
        ENTRY: f"from {server.module}.__main__ import main\n\nmain()\n".encode(),
        wheel.name: wheel.read_bytes(),
    }
    path = folder / f"{server.server}-{product['Version']}.mcpb"
    with zipfile.ZipFile(path, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(zipfile.ZipInfo(name, OLDEST), content, zipfile.ZIP_DEFLATED)
    return path


def bundle_manifest(server: Manifest, product: PackageMetadata) -> dict[str, Any]:
    """Return the bundle's description: what the client asks its user for, and how it starts the server."""
    fields: dict[str, dict[str, Any]] = {}
    for service in server.needed_services:
        address = {"title": f"Address of {service.name}", "description": "For example https://ci.example.com"}
        token = {"title": f"Token of {service.name}", "description": "Kept in the keychain of your system"}
        fields[service.address] = {"type": "string", "required": True, **address}
        fields[service.token] = {"type": "string", "required": True, "sensitive": True, **token}
    return {
        "manifest_version": "0.4",
        "name": server.server,
        "display_name": server.title,
        "version": product["Version"],
        "description": server.description,
        "author": {"name": "drone-mcp maintainers"},
        "license": product["License-Expression"],
        "keywords": product["Keywords"].split(","),
        "server": {
            "type": "uv",
            "entry_point": ENTRY,
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--directory", "${__dirname}", "--no-dev", ENTRY],
                "env": {name: f"${{user_config.{name.lower()}}}" for name in fields},
            },
        },
        "tools": [{"name": tool.name, "description": tool.description} for tool in server.tools],
        "compatibility": {"runtimes": {"python": product["Requires-Python"]}},
        "user_config": {name.lower(): field for name, field in fields.items()},
    }


def bundle_project(server: Manifest, product: PackageMetadata, wheel: str, pins: str) -> str:
    """Return the project that uv installs: the bundle's wheel, with the versions of `pins` (requirements/run.txt)."""
    pinned = [re.sub(r"\s*\\$", "", line) for line in pins.splitlines() if re.match(r"[\w.-]+==", line)]
    return f"""\
[project]
name = "{server.server}-bundle"
version = "{product["Version"]}"
requires-python = "{product["Requires-Python"]}"
dependencies = ["drone-mcp"]

[tool.uv]
package = false
constraint-dependencies = {json.dumps(pinned, indent=2)}

[tool.uv.sources]
drone-mcp = {{ path = "{wheel}" }}
"""


def registry_entry(server: Manifest, product: PackageMetadata, bundle: Path, repository: str) -> dict[str, Any]:
    """Return the entry of a server whose bundle is an asset of the release of a repository (`owner/name` on GitHub)."""
    address, version = f"https://github.com/{repository}", product["Version"]
    inputs = [
        {"name": name, "description": f"{what} of {service.name}", "isRequired": True, "isSecret": what == "token"}
        for service in server.needed_services
        for name, what in ((service.address, "address"), (service.token, "token"))
    ]
    return {
        "$schema": SCHEMA,
        "name": f"io.github.{repository.partition('/')[0]}/{server.server}",
        "title": server.title,
        "description": server.description,
        "version": version,
        "repository": {"url": address, "source": "github"},
        "packages": [
            {
                "registryType": "mcpb",
                "identifier": f"{address}/releases/download/v{version}/{bundle.name}",
                "fileSha256": hashlib.sha256(bundle.read_bytes()).hexdigest(),
                "transport": {"type": "stdio"},
                "environmentVariables": inputs,
            }
        ],
    }


def write_entry(server: Manifest, product: PackageMetadata, bundle: Path, repository: str) -> Path:
    """Write the entry next to its bundle."""
    path = bundle.with_suffix(".server.json")
    path.write_text(_text(registry_entry(server, product, bundle, repository)), encoding="utf-8")
    return path


def _text(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2) + "\n"
