"""Models of a server's `manifest.json`, which `ci_mcp_kit.manifest` writes."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import SchemaError, SchemaValidator, core_schema


class ManifestPart(BaseModel):
    """The base: facts that this version does not know are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ManifestTool(ManifestPart):
    """A tool as its server's manifest lists it. `scopes` are those that a token needs for it."""

    name: str
    title: str = ""
    description: str = ""
    read_only: bool = True
    destructive: bool = False
    scopes: tuple[str, ...] = ()


class ManifestService(ManifestPart):
    """A service that a server asks.

    Attributes:
        name: for people.
        address: the variable that holds its address.
        token: the variable that holds the token that it is asked with.
        scope: the variable that limits what may be seen of it; "" if there is none.
        scopes: what that variable lists if not repositories, like jobs.
        default: the variable of the repository that is meant where a call names none; "" if there is none.
        optional: whether the server works without it.
    """

    name: str
    address: str
    token: str
    scope: str = ""
    scopes: str = ""
    default: str = ""
    optional: bool = False

    @property
    def token_header(self) -> str:
        """The header in which a caller of a served role may send a token of their own."""
        return f"{re.sub(r'[^A-Za-z0-9]+', '-', self.name)}-Token"


def _check_pattern(pattern: str) -> str:
    try:
        # By pydantic's own engine, which checks role files: it lacks some of what Python's re takes.
        SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError as error:
        raise ValueError(f"this is not a regular expression ({error})") from error
    return pattern


class KeySchema(ManifestPart):
    """The part of JSON Schema that keys of a guard use: a text, one of some words, or a list of either.

    A keyword that is not known here would be a limit that a role file seems to keep, so it is refused.
    """

    model_config = ConfigDict(extra="forbid", validate_by_alias=True)

    type: Annotated[str | None, Field(pattern="^(string|array)$")] = None
    description: str | None = None
    enum: tuple[str, ...] | None = None
    pattern: Annotated[str, AfterValidator(_check_pattern)] | None = None
    max_length: Annotated[int | None, Field(alias="maxLength")] = None
    items: KeySchema | None = None
    min_items: Annotated[int | None, Field(alias="minItems")] = None

    @model_validator(mode="after")
    def _check_kind(self) -> KeySchema:
        if (self.type == "array") != (self.items is not None):
            raise ValueError("'items' belong to an array, and an array has them")
        return self


class GuardKey(ManifestPart):
    """A key of `guard:` in a role file.

    Attributes:
        variable: what it sets.
        takes: what its value may be.
        secret: whether its value is the name of the variable that holds the value.
    """

    variable: str
    takes: Annotated[KeySchema, Field(alias="schema")]
    secret: bool = False


class ManifestGuard(ManifestPart):
    """How a server that writes is guarded.

    Attributes:
        mode: the variable that says whether it writes.
        token: the variable that holds the token that it writes with.
        keys: the keys that role files may set for the guard.
    """

    mode: str
    token: str
    keys: dict[str, GuardKey] = {}


class Manifest(ManifestPart):
    """A server's description of itself.

    Attributes:
        server: its name in client configurations (`drone-builds`).
        command: its console script.
        module: what `python -m` runs.
        environment: every variable that it reads, most important first.
        services: those that it asks.
        guard: of its writing; None for a server that only reads.
        probe: the tool whose call without arguments shows whether its service answers; "" if there is none.
        checks_access: whether its command can say what its tokens may do (`ci_mcp_kit.access_check`).
    """

    # Gemini CLI splits tool names at the first underscore, and Cursor drops long ones: no underscore, no dot, short.
    server: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,19}$")
    title: str = ""
    description: str = ""
    command: str
    module: str
    environment: tuple[str, ...]
    services: tuple[ManifestService, ...] = ()
    guard: ManifestGuard | None = None
    probe: str = ""
    checks_access: bool = False
    tools: tuple[ManifestTool, ...] = ()

    @model_validator(mode="after")
    def _check_variables(self) -> Manifest:
        """Check that the server reads what it names: a limit that it does not read would be no limit."""
        named = [v for one in self.services for v in (one.address, one.token, one.scope, one.default) if v]
        if self.guard:
            named += [self.guard.mode, self.guard.token, *(key.variable for key in self.guard.keys.values())]
        unread = next((name for name in named if name not in self.environment), None)
        if unread is not None:
            raise ValueError(f"{unread} is not in its 'environment'")
        return self

    @property
    def tool_names(self) -> tuple[str, ...]:
        """The names of all its tools, in its own order."""
        return tuple(tool.name for tool in self.tools)

    @property
    def needed_services(self) -> tuple[ManifestService, ...]:
        """The services that it does not work without."""
        return tuple(service for service in self.services if not service.optional)

    @property
    def token_variables(self) -> tuple[str, ...]:
        """The variables that hold a token: of each service, and of the guard."""
        return (*(service.token for service in self.services), *([self.guard.token] if self.guard else []))

    @property
    def guard_secrets(self) -> tuple[str, ...]:
        """The variables that only a server that writes reads, and that hold a secret or the path of its file."""
        if self.guard is None:
            return ()
        keys = [key.variable for key in self.guard.keys.values() if key.secret]
        return (self.guard.token, f"{self.guard.token}_FILE", *keys)
