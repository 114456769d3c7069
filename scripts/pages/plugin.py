"""The files of the Claude Code plugin that are made from the product (https://code.claude.com/docs/en/plugins-reference)."""

from __future__ import annotations

import json
from importlib.metadata import metadata
from typing import Any

from drone_mcp_config.clients.configuration_builder import Choices, make_configuration
from drone_mcp_config.clients.text_editing import new_text
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role
from pages.clients import FOLDERS

ROLE = "dev"


def plugin_files() -> dict[str, str]:
    """Return the files by their paths."""
    product = metadata("drone-mcp")
    about = {
        "name": "drone-mcp",
        "description": f"{product['Summary'].rstrip('.')}: why a build is red, and how it ends.",
    }
    plugin = {
        **about,
        "version": product["Version"],
        "author": {"name": "drone-mcp maintainers"},
        "license": product["License-Expression"],
        "keywords": product["Keywords"].split(","),
    }
    marketplace = {
        "name": "drone-mcp",
        "owner": {"name": "drone-mcp maintainers"},
        "metadata": {"description": product["Summary"]},
        "plugins": [{**about, "source": "./plugin"}],
    }
    return {
        "plugin/.claude-plugin/plugin.json": _text(plugin),
        "plugin/.mcp.json": _servers(),
        ".claude-plugin/marketplace.json": _text(marketplace),
    }


def _servers() -> str:
    installed = read_installation()
    role = load_role(ROLE, role_library(None), installed)
    # Without its optional servers: Claude Code starts no server whose file refers to a variable that is not set.
    made = make_configuration(role, installed, Choices("claude", portable=True), FOLDERS, {})
    return new_text(made.client, made.entries)


def _text(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2) + "\n"
