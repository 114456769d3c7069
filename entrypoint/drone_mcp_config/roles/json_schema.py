"""The JSON Schema of a role file, for editors."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, create_model

from drone_mcp_config.roles.guard_model import guard_model
from drone_mcp_config.roles.model import GUARD, NAME, RoleFile, ServerEntry

if TYPE_CHECKING:
    from drone_mcp_config.installation.reading import Servers


def json_schema(installed: Servers) -> dict[str, Any]:
    """Return the JSON Schema of a role file in this installation.

    A server's entry may hold the guard of any server: a schema by server would say everything as often as there are
    servers, and `drone-mcp-config` itself names the right keys.
    """
    # Keyed by repr: equal guards need one schema, and a guard holds a dictionary, so it cannot be hashed.
    guards = {repr(manifest.guard): guard_model(manifest.guard) for manifest in installed.values() if manifest.guard}
    guard: Any = reduce(or_, guards.values(), None) if guards else None
    entry = create_model(
        "ServerEntry",
        __base__=ServerEntry,
        __doc__=ServerEntry.__doc__,
        guard=(guard, Field(default=None, description=GUARD)),
    )
    field = RoleFile.model_fields["servers"]
    role = create_model(
        "RoleFile",
        __base__=RoleFile,
        __doc__=RoleFile.__doc__,
        servers=(dict[Annotated[str, Field(pattern=NAME)], entry], field),
    )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **role.model_json_schema()}
