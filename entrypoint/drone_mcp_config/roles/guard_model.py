"""Makes the model of `guard:` under a server in a role file, from the manifest of that server."""

from __future__ import annotations

from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, create_model

from drone_mcp_config.roles.model import StrictModel, check_is_name

if TYPE_CHECKING:
    from drone_mcp_config.installation.server_manifest import KeySchema, ManifestGuard


class GuardBase(StrictModel):
    """How a server that writes is guarded; of what is left out, its environment decides."""


def guard_model(guard: ManifestGuard) -> type[GuardBase]:
    """Return the model of `guard:` for a server with this guard."""
    fields: dict[str, Any] = {}
    for name, key in guard.keys.items():
        value = _value_type(key.takes)
        if key.secret:
            value = Annotated[value, AfterValidator(check_is_name(name))]
        fields[name] = (value | None, Field(default=None, description=key.takes.description))
    return create_model("Guard", __base__=GuardBase, __doc__=GuardBase.__doc__, **fields)


def _value_type(schema: KeySchema) -> Any:
    """Return the type of the values that a schema takes."""
    if schema.items is not None:
        return Annotated[GenericAlias(list, _value_type(schema.items)), Field(min_length=schema.min_items)]
    if schema.enum is not None:
        return Literal[schema.enum]
    return Annotated[str, Field(pattern=schema.pattern, max_length=schema.max_length)]
