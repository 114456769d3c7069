"""The JSON Schema of a role file, for editors."""

from __future__ import annotations

from typing import Any

from drone_mcp_config.roles.model import RoleFile


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a role file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **RoleFile.model_json_schema()}
