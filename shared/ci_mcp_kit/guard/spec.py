"""The description of a domain's guard: its words, its variables, and the keys for role files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ci_mcp_kit.guard.operation_risk import Operation
    from ci_mcp_kit.variables import Variable

    Schema = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class GuardSpec:
    """The guard of a domain, as data.

    Attributes:
        service: the service in which something is changed, for sentences: "Jenkins".
        thing: what its operations change, in the singular, for sentences: "build".
        evidence: where it shows whether a change happened, for sentences: "the newest builds".
        scope: what audit lines call the scope of an action: "repo".
        scopes: the field that lists the scopes where something may be changed: "repos".
        scope_words: the same for sentences: "repositories".
        operations: what may be done, by name.
        variables: the environment variables that it reads; those of `ci_mcp_kit.guard.variables` and its own.
        keys: a key of `guard:` in role files -> the JSON Schema of its value. The key is a variable's `field`.
        reserved_params: globs of upper-case names that the service's own programs read, in addition to those of
            `dangerous_variables`.
    """

    service: str
    thing: str
    evidence: str
    scope: str
    scopes: str
    scope_words: str
    operations: Mapping[str, Operation]
    variables: tuple[Variable, ...]
    keys: Mapping[str, Schema]
    reserved_params: tuple[str, ...] = ()

    def variable(self, field: str) -> str:
        """Return the name of the variable that sets a field."""
        return next(variable.name for variable in self.variables if variable.field == field)

    def manifest(self) -> dict[str, Any]:
        """Return the entry of the guard in a server's manifest."""
        keys = {}
        for key, schema in self.keys.items():
            variable = next(variable for variable in self.variables if variable.field == key)
            secret = {"secret": True} if variable.secret else {}
            keys[key] = {"variable": variable.name, **secret, "schema": dict(schema)}
        return {"mode": self.variable("mode"), "token": self.variable("write_token"), "keys": keys}


def list_of(description: str, items: Schema) -> Schema:
    """Return the schema of a list that is not empty."""
    return {"type": "array", "minItems": 1, "items": dict(items), "description": description}


# Without spaces and commas, as these separate the items of the variable that carries a list, and without a quote in
# front, as two of them around such a list would be taken for those of a shell (`variables.is_quoted`).
REPO_GLOB: Final[Schema] = {"type": "string", "pattern": r"^[^/\s,'\"`\u201c][^/\s,]*/[^/\s,]+$", "maxLength": 300}
"""A glob of repositories, `owner/name`."""
NAME_GLOB: Final[Schema] = {"type": "string", "pattern": r"^!?[^\s,!${'\"`\u201c][^\s,${]*$", "maxLength": 300}
"""A glob of other names; `!` takes away."""


def allow_key(description: str) -> Schema:
    """Return the schema of a key for something that is refused unless it is allowed."""
    return {"enum": ["refuse", "allow"], "description": f"{description} refuse when left out."}


PARAMS_KEY: Final[Schema] = list_of(
    "Parameters that an agent may set; !glob takes away. None when left out.",
    # As `_NAME` in `action_parameters`, with wildcards.
    {"type": "string", "pattern": r"^!?[A-Za-z0-9_.*?-]+$", "maxLength": 100},
)
RATE_PATTERN: Final = r"^[1-9][0-9]{0,3}/[mhd]$"
# No `$`: it would be a reference, which nobody fills in here. No `@`: an address must not hold a password.
AUDIT_PATTERN: Final = (
    r"^(stderr|(/|[A-Za-z]:[\\/])[^\s$]+|https?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[^\s@$]*)?)$"
)
_CONFIRM: Final[Schema] = {
    "enum": ["low", "medium", "high"],
    "description": "The lowest risk that someone has to confirm. medium when left out.",
}
_AUDIT: Final[Schema] = {
    "type": "string",
    "pattern": AUDIT_PATTERN,
    "maxLength": 1000,
    "description": "Where it is written down: a path, stderr or an address.",
}
_SIGNING: Final[Schema] = {
    "type": "string",
    "pattern": r"^[A-Za-z_][A-Za-z0-9_]{0,127}$",
    "description": "Name of the variable that holds the key (never the key itself).",
}


def make_keys(operations: Iterable[str], scope: str, scopes: Mapping[str, Schema], **own: Schema) -> dict[str, Schema]:
    """Return the keys of a domain's guard: those of every guard, and its own.

    Args:
        operations: the names of what may be done.
        scope: one scope in words, for the limit of the rate: "a repository".
        scopes: the key that lists the scopes where something may be changed, with its schema.
        own: further keys of the domain.
    """
    done = "What may be done; as far as there are tools for it when left out."
    rate = {
        "type": "string",
        "pattern": RATE_PATTERN,
        "description": f"Actions in {scope}, like 10/h (m, h or d).",
    }
    every = {"confirm": _CONFIRM, "rate": rate, "audit": _AUDIT, "key": _SIGNING}
    return {**scopes, "operations": list_of(done, {"enum": list(operations)}), **own, **every}
