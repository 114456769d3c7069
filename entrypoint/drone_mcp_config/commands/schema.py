"""`drone-mcp-config schema`: the JSON Schema of a role file, for editors."""

from __future__ import annotations

import json

import typer

from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.json_schema import json_schema


def run() -> None:
    """Print the schema."""
    typer.echo(json.dumps(json_schema(read_installation()), indent=2))
