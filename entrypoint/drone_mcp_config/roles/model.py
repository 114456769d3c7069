"""Pydantic models of a role file.

What depends on the installation is checked elsewhere: `loading` checks that servers and tools exist, and the models of
`guard_model` check the `guard:` of a server. The docstrings of the models and the descriptions of
their fields are part of the JSON Schema for editors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from ci_mcp_kit.guard.spec import NAME_GLOB, REPO_GLOB
from drone_mcp_config.secret_recognition import is_literal_secret, looks_secret, secret_argument
from drone_mcp_config.variable_references import Template

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = r"^[a-z][a-z0-9-]{0,31}$"  # of servers also in the paths of a served role (`serving.app`)
# As `installation.server_manifest` demands of our own, for the same clients.
SERVER_NAME = r"^[A-Za-z][A-Za-z0-9-]{0,19}$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"
GLOB: str = REPO_GLOB["pattern"]
SCOPE: str = NAME_GLOB["pattern"]
IMAGE = r"^[A-Za-z0-9][A-Za-z0-9._/:@-]*$"
# Or a reference: its value is only known where the client is started.
ADDRESS = r"^(https?://|\$\{)"
HEADER = r"^[A-Za-z0-9-]{1,100}$"

GUARD = "What may be changed, who confirms it and where it is written down."

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Description = Annotated[str, Field(min_length=1, max_length=500)]
Variable = Annotated[str, Field(pattern=VARIABLE)]
ServerName = Annotated[str, Field(pattern=SERVER_NAME)]
Glob = Annotated[str, Field(pattern=GLOB, max_length=REPO_GLOB["maxLength"])]
ScopeGlob = Annotated[str, Field(pattern=SCOPE, max_length=NAME_GLOB["maxLength"])]
Preload = Annotated[
    bool, Field(description="Whether the model sees the tools from the start, in a client that would have it search.")
]


class StrictModel(BaseModel):
    """The base: no unknown keys, and no conversion of values to other types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def check_is_name(thing: str) -> Callable[[str], str]:
    """Return a check that a text is the name of a variable and not the secret that the variable holds."""

    def check(text: str) -> str:
        if looks_secret(text):
            raise ValueError(f"this looks like a {thing}; write the name of the variable that holds it")
        return text

    return check


class ServerEntry(StrictModel):
    """One of drone-mcp's own servers in a role; `{}` takes it as it is."""

    tools: Annotated[
        list[Text] | None, Field(min_length=1, description="The tools that the agent gets; all when left out.")
    ] = None
    token: Annotated[
        Annotated[Variable, AfterValidator(check_is_name("token"))] | None,
        Field(description="Name of the variable that holds the token (never the token itself)."),
    ] = None
    mode: Annotated[
        Literal["off", "dry-run", "on"] | None,
        Field(description="Whether writes happen; only for servers that write. off when left out."),
    ] = None
    guard: Annotated[dict[Any, Any] | None, Field(description=GUARD)] = None
    scope: Annotated[
        list[ScopeGlob] | None,
        Field(min_length=1, description="What may be seen of a service that has no repositories; !glob takes away."),
    ] = None
    optional: Annotated[
        bool, Field(description="Whether the role does without it where the address of its service is not set.")
    ] = False
    preload: Preload = False

    @field_validator("tools")
    @classmethod
    def _no_tool_twice(cls, tools: list[str] | None) -> list[str] | None:
        twice = sorted({tool for tool in tools or () if (tools or []).count(tool) > 1})
        if twice:
            raise ValueError(f"{twice[0]!r} is listed twice")
        return tools


class External(StrictModel):
    """Any other MCP server, passed through: a `command` to start, or the `url` of one that runs."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["command"]}, {"required": ["url"]}]})

    command: Annotated[Text | None, Field(description="The program to start.")] = None
    args: Annotated[list[Annotated[str, Field(max_length=2000)]], Field(description="Its arguments.")] = []
    env: Annotated[
        dict[Variable, Annotated[str, Field(max_length=2000)]],
        Field(description="Its variables; secrets as ${VARIABLE}."),
    ] = {}
    url: Annotated[str | None, Field(pattern=ADDRESS, description="The address of a streamable HTTP server.")] = None
    headers: Annotated[
        dict[Annotated[str, Field(pattern=HEADER)], Annotated[str, Field(max_length=2000)]],
        Field(description="HTTP headers; secrets as ${VARIABLE}."),
    ] = {}
    preload: Preload = False

    @model_validator(mode="after")
    def _one_way_to_reach_it(self) -> External:
        if (self.command is None) == (self.url is None):
            raise ValueError("an external server has either 'command' or 'url'")
        if self.command is None and (self.args or self.env):
            raise ValueError("'args' and 'env' belong to a server with 'command'; this one has 'url'")
        if self.url is None and self.headers:
            raise ValueError("'headers' belong to a server with 'url'; this one has 'command'")
        return self

    @field_validator("command", "url")
    @classmethod
    def _value_without_a_secret(cls, value: str | None) -> str | None:
        if value is not None:
            Template.parse(value)
            if looks_secret(value):
                raise ValueError("this looks like a secret; write ${VARIABLE} and set that variable instead")
        return value

    @field_validator("args")
    @classmethod
    def _arguments_without_secrets(cls, args: list[str]) -> list[str]:
        for argument in args:
            Template.parse(argument)
        index = secret_argument(args)
        if index is not None:
            raise ValueError(f"argument {index + 1} looks like a secret; write ${{VARIABLE}} and set that variable")
        return args

    @field_validator("env", "headers")
    @classmethod
    def _values_without_secrets(cls, values: dict[str, str]) -> dict[str, str]:
        for name, value in values.items():
            Template.parse(value)
            if is_literal_secret(name, value):
                variable = name.upper().replace("-", "_")
                raise ValueError(f"{name!r} holds a secret; write ${{{variable}}} and set that variable")
        return values


class Agent(StrictModel):
    """The container that an agent of this role works in."""

    image: Annotated[
        str | None, Field(min_length=1, max_length=500, pattern=IMAGE, description="Container image reference.")
    ] = None
    setup: Annotated[
        list[Text] | None, Field(max_length=20, description="Commands to run before the agent starts.")
    ] = None

    @field_validator("setup")
    @classmethod
    def _commands_without_secrets(cls, setup: list[str] | None) -> list[str] | None:
        for command in setup or ():
            if "\0" in command:
                raise ValueError("a command has a NUL character, which no command can have")
            if looks_secret(command):
                raise ValueError("a command looks as if it held a secret; read it from a variable instead")
        return setup


class RoleFile(StrictModel):
    """A role: which MCP servers an agent gets, which tools of them, and which token."""

    model_config = ConfigDict(title="drone-mcp role")

    role: Annotated[str, Field(pattern=NAME, description="The role's name, the same as the file's.")]
    description: Annotated[Description | None, Field(description="What the role is for, in a sentence.")] = None
    extends: Annotated[str | None, Field(pattern=NAME, description="The role that this one builds on.")] = None
    repos: Annotated[
        list[Glob] | None,
        Field(min_length=1, description="Repositories that the role may see, owner/name with * as wildcard."),
    ] = None
    servers: Annotated[
        dict[Annotated[str, Field(pattern=NAME)], ServerEntry], Field(description="drone-mcp's own servers.")
    ] = {}
    external: Annotated[dict[ServerName, External], Field(description="Any other MCP servers.")] = {}
    agent: Annotated[Agent | None, Field(description="Where the agent works.")] = None
