"""What a client has to start for a role, before any client's format comes into it. Pure.

A value that differs from machine to machine, or that is a secret, is a reference to a variable of the client's
environment. Only variables that a server's manifest names are set for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drone_mcp_build.guard.variables import VARIABLES as GUARD_VARIABLES
from drone_mcp_config.errors import UserError
from drone_mcp_config.installation.reading import command_of
from drone_mcp_config.plan.model import (
    CALLER_TOKEN,
    DRONE_TOKEN_HEADER,
    PlannedServer,
    RemoteServer,
    RolePlan,
    StdioServer,
)
from drone_mcp_config.plan.tokens import TOKEN, token_variable
from drone_mcp_config.roles.model import Guard
from drone_mcp_config.template import Template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_config.installation.manifest import Manifest
    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.roles.loading import Role
    from drone_mcp_config.roles.model import External, ServerEntry

ADDRESS = "DRONE_SERVER"
REPO = "DRONE_REPO"
TOOLS = "DRONE_MCP_TOOLS"
REPOS = "DRONE_MCP_REPOS"
ACTIONS = "DRONE_MCP_ACTIONS"
ROLE_TOOLS = "DRONE_MCP_ROLE_TOOLS"
ROLE = "AGENT_ROLE"

GUARD = {
    variable.field: variable.name for variable in GUARD_VARIABLES if variable.field in Guard.model_fields
}  # key of a role's guard -> variable


@dataclass(frozen=True)
class PlanContext:
    """Everything but the role that shapes a plan.

    Attributes:
        interpreter: the Python that has the servers.
        portable: whether to name console scripts in place of that interpreter.
        address: Drone's address, where it is to stand in the file; else a reference to DRONE_SERVER.
        repo: the repository `owner/name` that the agent works on.
        token_files: token variable -> absolute path of a file to read it from, in place of a reference.
        served: address of the process that serves the role, where it is not the client that starts its servers.
        own_token: whether the agent brings a Drone token of its own to a served role.
    """

    interpreter: str
    portable: bool = False
    address: str | None = None
    repo: str | None = None
    token_files: Mapping[str, str] = field(default_factory=dict)
    served: str | None = None
    own_token: bool = False


def make_plan(role: Role, installed: Servers, context: PlanContext) -> RolePlan:
    """Decide what a client starts for this role.

    Raises:
        UserError: when a server cannot be given what the context asks for.
    """
    others = [_external(name, entry) for name, entry in role.external.items()]
    return RolePlan(role.name, (*_ours(role, installed, context), *others))


def _ours(role: Role, installed: Servers, context: PlanContext) -> list[PlannedServer]:
    if context.served is not None:
        address, own_token = context.served, context.own_token
        return [
            _served(f"{address}/{name}/mcp", entry, installed[name], own_token=own_token)
            for name, entry in role.servers.items()
        ]
    tools = role_tools(role, installed)
    return [_own(role, entry, installed[name], context, tools) for name, entry in role.servers.items()]


def _served(url: str, entry: ServerEntry, manifest: Manifest, *, own_token: bool) -> RemoteServer:
    """Point at a server of `drone-mcp-config serve`: the role's limits and tokens are known there."""
    headers = {"Authorization": Template.parse(f"Bearer ${{{CALLER_TOKEN}}}")}
    if own_token:
        headers[DRONE_TOKEN_HEADER] = Template.reference(TOKEN)
    return RemoteServer(manifest.server, Template.of(url), headers, preload=entry.preload, ours=True)


def role_tools(role: Role, installed: Servers) -> tuple[str, ...]:
    """Name every tool of ours that an agent of this role can make use of; one that is turned off is none."""
    found: list[str] = []
    for name, entry in role.servers.items():
        manifest = installed[name]
        if not manifest.writes or entry.mode in {"dry-run", "on"}:
            found += entry.tools or manifest.tool_names
    return tuple(found)


def tools_by_server(role: Role, installed: Servers) -> dict[str, tuple[str, ...]]:
    """Return each server of ours, by the name that clients have for it -> the tools that it has to offer."""
    return {
        installed[name].server: tuple(entry.tools or installed[name].tool_names)
        for name, entry in role.servers.items()
    }  # fmt: skip


def _own(
    role: Role, entry: ServerEntry, manifest: Manifest, context: PlanContext, tools: tuple[str, ...]
) -> StdioServer:
    command, *args = command_of(manifest, context.interpreter, portable=context.portable)
    env = _environment(role, entry, manifest, context, tools)
    unset = tuple(name for name in manifest.environment if name not in env and name.removesuffix("_FILE") not in env)
    return StdioServer(
        name=manifest.server,
        command=Template.of(command),
        args=tuple(Template.of(argument) for argument in args),
        env=env,
        inherits=unset,
        description=manifest.description or manifest.title,
        preload=entry.preload,
        ours=True,
    )


def _environment(
    role: Role, entry: ServerEntry, manifest: Manifest, context: PlanContext, tools: tuple[str, ...]
) -> dict[str, Template]:
    wanted = {ADDRESS: Template.of(context.address) if context.address else Template.reference(ADDRESS)}
    wanted |= _tokens(entry, manifest, context)
    wanted[ROLE] = Template.of(role.name)
    if context.repo:
        wanted[REPO] = Template.of(context.repo)
    if role.repos:
        wanted[REPOS] = Template.of(",".join(role.repos))
    if entry.tools:
        wanted[TOOLS] = Template.of(",".join(entry.tools))
    if tools:
        wanted[ROLE_TOOLS] = Template.of(",".join(tools))
    if manifest.writes:
        wanted[ACTIONS] = Template.of(entry.mode or "off")
    wanted |= _guarded(entry.guard or Guard())
    _refuse_unheard_limits(wanted, manifest)
    return {name: value for name, value in wanted.items() if name in manifest.environment}


def _guarded(guard: Guard) -> dict[str, Template]:
    """Say to the guard of a server that writes what the role says of it."""
    said = {GUARD[name]: getattr(guard, name) for name in guard.model_fields_set if getattr(guard, name) is not None}
    key = said.pop(GUARD["key"], None)
    found = {
        name: Template.of(value if isinstance(value, str) else ",".join(value)) for name, value in sorted(said.items())
    }
    return found | ({GUARD["key"]: Template.reference(key)} if key else {})


def _tokens(entry: ServerEntry, manifest: Manifest, context: PlanContext) -> dict[str, Template]:
    found: dict[str, Template] = {}
    for variable, source in token_variable(manifest, entry).items():
        if source in context.token_files:
            # Empty counts as unset: a server refuses to choose between a token that it inherits and a file.
            found[variable] = Template.of("")
            found[f"{variable}_FILE"] = Template.of(context.token_files[source])
        else:
            found[variable] = Template.reference(source)
    return found


def _refuse_unheard_limits(wanted: Mapping[str, Template], manifest: Manifest) -> None:
    """A limit that a server does not read would be no limit: better no configuration than a false one."""
    limits = [REPOS, TOOLS, ACTIONS, *GUARD.values(), *(name for name in wanted if name.endswith("_FILE"))]
    for name in limits:
        if name in wanted and name not in manifest.environment:
            raise UserError(f"The server {manifest.server} does not read {name}, which this role needs.")


def _external(name: str, entry: External) -> PlannedServer:
    if entry.url is not None:
        headers = {key: Template.parse(value) for key, value in entry.headers.items()}
        return RemoteServer(name, Template.parse(entry.url), headers, preload=entry.preload)
    env = {key: Template.parse(value) for key, value in entry.env.items()}
    args = tuple(Template.parse(argument) for argument in entry.args)
    return StdioServer(name, Template.parse(entry.command or ""), args, env, preload=entry.preload)
