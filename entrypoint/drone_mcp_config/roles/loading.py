"""Loads a role: finds its file, follows `extends`, and checks the result against the installed servers.

How a role and its parent are merged: `description` and `repos` are the role's own, or else the parent's. `servers` and
`external` are the parent's with the role's added; where both name a server of ours, each key that the role sets
replaces the parent's, within a `guard` again key by key; an external server is replaced as a whole. `agent` is merged
key by key like a server.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from ci_mcp_kit.suggesting import suggest
from drone_mcp_config.errors import InvalidRole, Problem, UserError
from drone_mcp_config.roles.guard_model import guard_model
from drone_mcp_config.roles.model import Agent, External, RoleFile, ServerEntry
from drone_mcp_config.roles.problems import explain, explain_guard
from drone_mcp_config.roles.role_source import KeyPath, Source, read_source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.installation.server_manifest import Manifest
    from drone_mcp_config.roles.library import RoleLibrary


_ModelT = TypeVar("_ModelT", bound=BaseModel)


@dataclass(frozen=True)
class Origin:
    """The file and the line that a value comes from."""

    file: Path
    line: int

    def problem(self, message: str) -> Problem:
        """Make a problem that points here."""
        return Problem(self.file, self.line, message)


@dataclass(frozen=True)
class Role:
    """A role, merged with its parents.

    Attributes:
        lineage: the names of the role and its parents, nearest first.
        origins: the place of each value that a file sets.
        left_out: optional server that cannot work here (`narrow_role`) -> the address variables that are not set.
        limits: server that was added (`delegated_servers`) -> the repositories that it may see, where not `repos`.
        added: the servers that were added.
        not_held: those that were to be added and are not, each with the reason.
    """

    name: str
    description: str
    repos: tuple[str, ...]
    servers: dict[str, ServerEntry]
    external: dict[str, External]
    agent: Agent
    lineage: tuple[str, ...]
    origins: dict[KeyPath, Origin]
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    not_held: tuple[str, ...] = ()

    def repos_of(self, server: str) -> tuple[str, ...]:
        """Return the globs of the repositories that a server may see; empty for all."""
        return self.limits.get(server, self.repos)

    @property
    def audit_name(self) -> str:
        """The name in audit lines, with the servers that were added."""
        return "+".join((self.name, *self.added))


def load_role(name: str, roles: RoleLibrary, servers: Servers) -> Role:
    """Load a role, merged with its parents and checked.

    Raises:
        UserError: when there is no such role.
        InvalidRole: when its file or a parent's is wrong.
    """
    file = roles.find(name)
    if file is None:
        raise UserError(f"There is no role {name!r}. {suggest(name, roles.names(), 'There are')}")
    role = _merge(list(_lineage(file, roles, servers)))
    problems = list(_check_servers(role, servers))
    ours = {manifest.server for manifest in servers.values()}
    for one in role.external:
        if one in ours:
            message = f"{one!r} is the name of a server of drone-mcp; give this one another"
            problems.append(role.origins["external", one].problem(message))
    if not role.servers and not role.external:
        problems.append(Problem(file, 1, "the role has no servers; name at least one under 'servers'"))
    if problems:
        raise InvalidRole(problems)
    return role


def narrow_role(role: Role, installed: Servers, environment: Mapping[str, str]) -> Role:
    """Return the role without the optional servers that cannot work here, as an address variable is not set.

    The address of a service that a server of the role needs anyway does not count: without it the role does not work.
    """
    needed = {
        service.address
        for name, entry in role.servers.items()
        if not entry.optional
        for service in installed[name].needed_services
    }
    unset = {
        name: tuple(
            service.address
            for service in installed[name].needed_services
            if service.address not in needed and not environment.get(service.address, "").strip()
        )
        for name, entry in role.servers.items()
        if entry.optional
    }
    left_out = {name: addresses for name, addresses in unset.items() if addresses}
    servers = {name: entry for name, entry in role.servers.items() if name not in left_out}
    return replace(role, servers=servers, left_out=left_out)


def _lineage(file: Path, roles: RoleLibrary, servers: Servers) -> Iterator[tuple[RoleFile, Source]]:
    """Yield the role and its parents, nearest first."""
    seen: list[str] = []
    while True:
        parsed, source = _read(file, servers)
        yield parsed, source
        seen.append(parsed.role)
        if parsed.extends is None:
            return
        if parsed.extends in seen:
            circle = " -> ".join([*seen[seen.index(parsed.extends) :], parsed.extends])
            raise InvalidRole([source.problem(("extends",), f"this goes round in a circle: {circle}")])
        parent = roles.find(parsed.extends)
        if parent is None:
            message = f"there is no role {parsed.extends!r} to extend. {suggest(parsed.extends, roles.names())}"
            raise InvalidRole([source.problem(("extends",), message)])
        file = parent


def _read(file: Path, servers: Servers) -> tuple[RoleFile, Source]:
    source = read_source(file)
    if not isinstance(source.data, dict):
        raise InvalidRole([source.problem((), "a role file is a mapping that starts with 'role: NAME'")])
    # Before the rest: `RoleFile` takes any guard, and one run should report the mistakes of both.
    problems = list(_guard_problems(source, servers))
    try:
        parsed = RoleFile.model_validate(source.data)
    except ValidationError as error:
        raise InvalidRole([*explain(error, source), *problems]) from error
    if problems:
        raise InvalidRole(problems)
    if parsed.role != file.stem:
        message = f"role: {parsed.role!r} is in a file named {file.name!r}; the two have to be the same"
        raise InvalidRole([source.problem(("role",), message)])
    return parsed, source


def _guard_problems(source: Source, servers: Servers) -> Iterator[Problem]:
    """Check each guard against the manifest of its server, in a file that need not be right otherwise."""
    entries = source.data.get("servers")
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        guard = servers[name].guard if name in servers else None
        if guard and isinstance(entry, dict) and isinstance(entry.get("guard"), dict):
            model = guard_model(guard)
            try:
                model.model_validate(entry["guard"])
            except ValidationError as error:
                yield from explain_guard(error, source, name, model.model_fields)


def _merge(lineage: list[tuple[RoleFile, Source]]) -> Role:
    description = ""
    repos: tuple[str, ...] = ()
    servers: dict[str, ServerEntry] = {}
    external: dict[str, External] = {}
    agent = Agent()
    origins: dict[KeyPath, Origin] = {}
    # From the farthest parent on, so that nearer ones win.
    for parsed, source in reversed(lineage):
        description = parsed.description or description
        repos = tuple(parsed.repos or repos)
        for name, entry in parsed.servers.items():
            servers[name] = _overlay(servers.get(name, ServerEntry()), entry)
        external |= parsed.external
        agent = _overlay(agent, parsed.agent or Agent())
        origins |= {path: Origin(source.file, line) for path, line in source.lines.items()}
    nearest = lineage[0][0]
    names = tuple(parsed.role for parsed, _ in lineage)
    return Role(nearest.role, description, repos, servers, external, agent, names, origins)


def _overlay(below: _ModelT, above: _ModelT) -> _ModelT:
    """Return `below` with each key that `above` sets; one that holds a mapping in both is merged key by key."""
    changes: dict[str, Any] = {}
    for key in above.model_fields_set:
        old, new = getattr(below, key), getattr(above, key)
        changes[key] = {**old, **new} if isinstance(old, dict) and isinstance(new, dict) else new
    return below.model_copy(update=changes)


def _check_servers(role: Role, servers: Servers) -> Iterator[Problem]:
    write_tokens = {manifest.guard.token for manifest in servers.values() if manifest.guard}
    for name, entry in role.servers.items():
        origin = role.origins["servers", name]
        if name in servers:
            yield from _check_server(role, name, entry, servers[name], write_tokens)
        elif name in servers.broken:
            broken = f"the installed server {name!r} is incomplete: {servers.broken[name]}"
            yield origin.problem(f"{broken}. Install drone-mcp again.")
        else:
            hint = suggest(name, servers, "This installation has")
            yield origin.problem(f"there is no server {name!r}. {hint}")


def _check_server(
    role: Role, name: str, entry: ServerEntry, manifest: Manifest, write_tokens: Collection[str]
) -> Iterator[Problem]:
    for index, tool in enumerate(entry.tools or ()):
        if tool not in manifest.tool_names:
            hint = suggest(tool, manifest.tool_names, "It has")
            origin = role.origins["servers", name, "tools", index]
            yield origin.problem(f"the server {name!r} has no tool {tool!r}. {hint}")
    if entry.mode is not None and not manifest.guard:
        origin = role.origins["servers", name, "mode"]
        yield origin.problem(f"the server {name!r} only reads, so it has no mode; leave the key out")
    if entry.guard is not None and not manifest.guard:
        origin = role.origins["servers", name, "guard"]
        yield origin.problem(f"the server {name!r} only reads, so it has no guard; leave the key out")
    if entry.scope is not None and not any(service.scopes for service in manifest.services):
        origin = role.origins["servers", name, "scope"]
        yield origin.problem(
            f"the server {name!r} has no scope of its own; 'repos' of the role limits its repositories"
        )
    if entry.token and not manifest.token_variables:
        origin = role.origins["servers", name, "token"]
        yield origin.problem(f"the server {name!r} reads no token; leave the key out")
    # A server that only reads must not hold a token that can write.
    elif entry.token in write_tokens and not manifest.guard:
        origin = role.origins["servers", name, "token"]
        yield origin.problem(f"the server {name!r} only reads; {entry.token} is for servers that write")
