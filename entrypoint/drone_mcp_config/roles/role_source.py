"""Reads a role file as plain data, with the line of every key and value (`ci_mcp_kit.yaml_source`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit import yaml_source
from ci_mcp_kit.yaml_source import InvalidFile, KeyPath, Kind, Source
from drone_mcp_config.errors import InvalidRole

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KeyPath", "Source", "read_source"]

_ROLE = Kind(file="a role file", content="a role", start="role: NAME")


def read_source(file: Path) -> Source:
    """Read a role file.

    Raises:
        InvalidRole: when it cannot be read, is no YAML, is empty, or names a key twice.
    """
    try:
        return yaml_source.read_source(file, _ROLE)
    except InvalidFile as error:
        raise InvalidRole(error.problems) from error
