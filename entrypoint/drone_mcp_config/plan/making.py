"""Makes the plan of a role. Pure.

A value that differs from machine to machine, or that is a secret, is a reference to a variable of the client's
environment. The names of all variables but those of drone-mcp itself come from the servers' manifests, and only
variables that a server reads are set for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from drone_mcp_config.errors import UserError
from drone_mcp_config.installation.reading import command_of
from drone_mcp_config.plan.model import CALLER_TOKEN, PlannedServer, RemoteServer, RolePlan, StdioServer
from drone_mcp_config.plan.token_variables import sources_of
from drone_mcp_config.variable_references import Template

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.installation.server_manifest import Manifest, ManifestGuard
    from drone_mcp_config.roles.loading import Role
    from drone_mcp_config.roles.model import External, ServerEntry

# Variables of drone-mcp itself, which any of its servers may read.
TOOLS = "DRONE_MCP_TOOLS"
ROLE_TOOLS = "DRONE_MCP_ROLE_TOOLS"
ROLE = "AGENT_ROLE"


@dataclass(frozen=True)
class PlanContext:
    """Everything but the role that shapes a plan.

    Attributes:
        interpreter: the Python that has the servers.
        portable: whether to name console scripts in place of that interpreter.
        uvx: the words before a console script where uvx has to start it.
        addresses: address variable -> the address to write out, in place of a reference to that variable.
        repo: the repository `owner/name` that the agent works on.
        token_files: token variable -> absolute path of a file to read it from, in place of a reference.
        served: address of the process that serves the role, where it is not the client that starts its servers.
        own_token: whether the agent sends tokens of its own to a served role.
    """

    interpreter: str
    portable: bool = False
    uvx: tuple[str, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    repo: str | None = None
    token_files: Mapping[str, str] = field(default_factory=dict)
    served: str | None = None
    own_token: bool = False


def make_plan(role: Role, installed: Servers, context: PlanContext) -> RolePlan:
    """Decide which servers a client starts or connects to for this role.

    Raises:
        UserError: when a server cannot be given what the context asks for.
    """
    planned: list[PlannedServer] = []
    tools = role_tools(role, installed)
    for name, entry in role.servers.items():
        manifest = installed[name]
        if context.served is not None:
            url = f"{context.served}/{name}/mcp"
            planned.append(_served_server(url, entry, manifest, own_token=context.own_token))
        else:
            limited = replace(role, repos=role.repos_of(name))
            planned.append(_started_server(limited, entry, manifest, context, tools))
    planned += [external_server(name, entry) for name, entry in role.external.items()]
    return RolePlan(role.name, tuple(planned), role.not_held)


def role_tools(role: Role, installed: Servers) -> tuple[str, ...]:
    """Return the names of all our tools that an agent of this role can use, without those that are turned off."""
    found: list[str] = []
    for name, entry in role.servers.items():
        manifest = installed[name]
        writes = not manifest.guard or entry.mode in {"dry-run", "on"}
        reading = {tool.name for tool in manifest.tools if tool.read_only}
        found += [tool for tool in offered_tools(entry, manifest) if writes or tool in reading]
    return tuple(found)


def offered_tools(entry: ServerEntry, manifest: Manifest) -> tuple[str, ...]:
    """Return the tools of a server that a role offers: those that it lists, or all.

    Of a server that reads and writes, a role that leaves its writes off and lists no tools gets those that read.
    """
    reading = tuple(tool.name for tool in manifest.tools if tool.read_only)
    leaves_off = manifest.guard and entry.mode not in {"dry-run", "on"}
    return tuple(entry.tools or (reading if leaves_off and reading else manifest.tool_names))


def tools_by_server(role: Role, installed: Servers) -> dict[str, tuple[str, ...]]:
    """Return each server of ours, by the name that clients have for it -> the tools that it has to offer."""
    return {
        installed[name].server: offered_tools(entry, installed[name])
        for name, entry in role.servers.items()
    }  # fmt: skip


@dataclass(frozen=True)
class ExpectedTools:
    """The tools that a server has to offer.

    Attributes:
        names: of all of them; None where they are not known.
        depend_on_scopes: whether it leaves out those for which its token lacks a scope.
    """

    names: tuple[str, ...] | None = None
    depend_on_scopes: bool = False


def expected_tools(role: Role, installed: Servers) -> dict[str, ExpectedTools]:
    """Return each server of ours, by the name that clients have for it -> the tools that it has to offer."""
    scoped = {installed[name].server for name in role.servers if any(tool.scopes for tool in installed[name].tools)}
    found = tools_by_server(role, installed)
    return {server: ExpectedTools(names, server in scoped) for server, names in found.items()}


def probes_by_server(role: Role, installed: Servers) -> dict[str, str]:
    """Return each server of ours, by the name that clients have for it -> the tool that asks its service."""
    probes = {installed[name].server: installed[name].probe for name in role.servers}
    offered = tools_by_server(role, installed)
    return {server: tool for server, tool in probes.items() if tool in offered[server]}


def self_checking_servers(role: Role, installed: Servers) -> frozenset[str]:
    """Return the servers that can say what their tokens may do, by the names that clients have for them."""
    return frozenset(installed[name].server for name in role.servers if installed[name].checks_access)


def _served_server(url: str, entry: ServerEntry, manifest: Manifest, *, own_token: bool) -> RemoteServer:
    """Point at a server of `drone-mcp-config serve`: the role's limits and tokens are known there."""
    headers = {"Authorization": Template.parse(f"Bearer ${{{CALLER_TOKEN}}}")}
    own = {service.token_header: Template.reference(service.token) for service in manifest.needed_services}
    return RemoteServer(
        manifest.server,
        Template.of(url),
        headers | own if own_token else headers,
        preload=entry.preload,
        ours=True,
        token_headers=tuple(own),
    )


def _started_server(
    role: Role, entry: ServerEntry, manifest: Manifest, context: PlanContext, tools: tuple[str, ...]
) -> StdioServer:
    by_script = context.portable or bool(context.uvx)
    command, *args = (*context.uvx, *command_of(manifest, context.interpreter, portable=by_script))
    env = _environment(role, entry, manifest, context, tools)
    # A server rejects a token together with a token file, so the file of a token that is set is not handed on.
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
    """Return the variables to set for a server of ours.

    Raises:
        UserError: the server does not read a limit that the role sets, and so would not keep it.
    """
    env: dict[str, Template] = {}
    for service in manifest.services:
        address = context.addresses.get(service.address)
        if service.optional and not address:
            continue  # inherited where it is set: a client may refuse to start for a reference to one that is not
        env[service.address] = Template.of(address) if address else Template.reference(service.address)
    env |= _token_variables(entry, manifest, context)
    env[ROLE] = Template.of(role.audit_name)
    env |= _scope_variables(role, entry, manifest, context)
    offered = offered_tools(entry, manifest)
    if entry.tools or offered != tuple(manifest.tool_names):
        env[TOOLS] = Template.of(",".join(offered))
    if tools:
        env[ROLE_TOOLS] = Template.of(",".join(tools))
    if manifest.guard:
        # Always set: a variable of the user's environment must not turn on writes that the role leaves off.
        env[manifest.guard.mode] = Template.of(entry.mode or "off")
        env |= _guard_variables(manifest.guard, entry.guard or {})
    for name in (TOOLS, *(name for name in env if name.endswith("_FILE"))):
        if name in env and name not in manifest.environment:
            raise UserError(f"The server {manifest.server} does not read {name}, which this role needs.")
    return {name: value for name, value in env.items() if name in manifest.environment}


def _scope_variables(role: Role, entry: ServerEntry, manifest: Manifest, context: PlanContext) -> dict[str, Template]:
    """Return the variables that limit a server to what its role may see.

    Raises:
        UserError: the role is limited, and this server would not be.
    """
    env: dict[str, Template] = {}
    for service in manifest.services:
        if context.repo and service.default:
            env[service.default] = Template.of(context.repo)
        globs = entry.scope if service.scopes else role.repos
        if role.repos and service.scopes and not globs:
            raise UserError(
                f"The role {role.name!r} is limited to repositories, which says nothing of the {service.scopes} of "
                f"{service.name}. Name those that it may see under 'scope' of the server {manifest.server}."
            )
        if role.repos and not service.scope and service.optional:
            # Empty counts as unset: the server does without what it could not limit to the role's repositories.
            env[service.address] = Template.of("")
        elif role.repos and not service.scope:
            raise UserError(
                f"The server {manifest.server} sees all of {service.name}, and this role is limited to repositories."
            )
        if globs:
            env[service.scope] = Template.of(",".join(globs))
    return env


def _token_variables(entry: ServerEntry, manifest: Manifest, context: PlanContext) -> dict[str, Template]:
    env: dict[str, Template] = {}
    for variable, source in sources_of(manifest, entry).items():
        if source in context.token_files:
            # Empty counts as unset: a server refuses to choose between a token that it inherits and a file.
            env[variable] = Template.of("")
            env[f"{variable}_FILE"] = Template.of(context.token_files[source])
        else:
            env[variable] = Template.reference(source)
    if manifest.guard and manifest.guard.token not in env:
        # A client hands on all that it has: a server that does not write is not to hold the token to write with.
        env[manifest.guard.token] = Template.of("")
    return env


def _guard_variables(guard: ManifestGuard, values: Mapping[str, Any]) -> dict[str, Template]:
    """Write the guard of a role file, in the order of the variables, with references to secrets last."""

    def literals() -> Iterator[tuple[str, Template]]:
        for name, value in values.items():
            if value is not None and not guard.keys[name].secret:
                yield guard.keys[name].variable, Template.of(value if isinstance(value, str) else ",".join(value))

    secrets = {
        guard.keys[name].variable: Template.reference(value)
        for name, value in values.items()
        if value is not None and guard.keys[name].secret
    }
    # Sorted: a role file that is only rearranged leaves the files of clients up to date.
    return dict(sorted(literals(), key=lambda pair: pair[0])) | secrets


def external_server(name: str, entry: External) -> PlannedServer:
    """Plan a server of another project."""
    if entry.url is not None:
        headers = {key: Template.parse(value) for key, value in entry.headers.items()}
        return RemoteServer(name, Template.parse(entry.url), headers, preload=entry.preload)
    env = {key: Template.parse(value) for key, value in entry.env.items()}
    args = tuple(Template.parse(argument) for argument in entry.args)
    return StdioServer(name, Template.parse(entry.command or ""), args, env, preload=entry.preload)
