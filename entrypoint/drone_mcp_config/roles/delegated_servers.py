"""Gives an agent servers in addition to those of its role, at most as another role (the ceiling) holds them. Pure.

A server that is added is the ceiling's own entry: its tools, its mode, its guard, its token. It sees the repositories
that both roles see. What the ceiling does not hold is left out, and the role says so (`Role.not_held`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import product
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.suggesting import suggest
from drone_mcp_config.errors import UserError
from drone_mcp_config.roles.loading import load_role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.roles.library import RoleLibrary
    from drone_mcp_config.roles.loading import Role

_MODES: Final = ("off", "dry-run", "on")


@dataclass(frozen=True)
class Delegation:
    """The servers that an agent gets in addition to its role's.

    Attributes:
        servers: their names in role files.
        ceiling: the role that holds them; "" for the caller's own.
        caller: the role of the agent that asks for them; "" for a person.
    """

    servers: tuple[str, ...] = ()
    ceiling: str = ""
    caller: str = ""


NOTHING_ADDED: Final = Delegation()


@dataclass(frozen=True, order=True)
class RoleChoice:
    """A role, and the servers that are added to it from a ceiling. As a text it is the name in audit lines."""

    role: str
    added: tuple[str, ...] = ()
    ceiling: str = ""

    def __str__(self) -> str:
        return "+".join((self.role, *self.added))


def load_delegated(name: str, delegation: Delegation, roles: RoleLibrary, installed: Servers) -> Role:
    """Load a role with the servers that are added to it.

    An agent that starts another one cannot give it more than it has itself, whatever ceiling it names.

    Raises:
        UserError: a role or a server is unknown, or no ceiling is named.
        InvalidRole: the file of a role is wrong.
    """
    role = load_role(name, roles, installed)
    ceiling, caller = delegation.ceiling, delegation.caller
    if not delegation.servers:
        if ceiling:
            raise UserError("--ceiling limits what --with adds: name a server with --with, or leave it out.")
        return role
    if caller and ceiling not in {"", caller}:
        raise UserError(f"An agent of the role {caller!r} (AGENT_ROLE) gives at most that role: leave out --ceiling.")
    if not ceiling and not caller:
        raise UserError("--with needs --ceiling ROLE: the role that has those servers, like ops.")
    for server in delegation.servers:
        if server not in installed:
            raise UserError(f"--with {server}: there is no such server. {suggest(server, installed, 'There are')}")
    return delegate(role, dict.fromkeys(delegation.servers), load_role(ceiling or caller, roles, installed), installed)


def delegate(role: Role, wanted: Iterable[str], ceiling: Role, installed: Servers) -> Role:
    """Return a role with servers of another one added to it."""
    servers, limits, origins = dict(role.servers), dict(role.limits), dict(role.origins)
    added: list[str] = []
    not_held: list[str] = []
    for name in wanted:
        entry = ceiling.servers.get(name)
        repos = intersect_globs(role.repos, ceiling.repos_of(name)) if entry else ()
        problem = _find_problem(role, name, ceiling, repos, installed)
        if problem or entry is None:
            not_held.append(f"{name}: {problem}")
            continue
        servers[name] = entry
        limits[name] = repos
        own = ("servers", name)
        origins = {path: origin for path, origin in origins.items() if path[:2] != own}
        origins |= {path: origin for path, origin in ceiling.origins.items() if path[:2] == own}
        added.append(name)
    return replace(
        role,
        servers=servers,
        origins=origins,
        limits=limits,
        added=(*role.added, *added),
        not_held=(*role.not_held, *not_held),
    )


def _find_problem(role: Role, name: str, ceiling: Role, repos: tuple[str, ...], installed: Servers) -> str:
    """Return why a server cannot be added, "" if it can."""
    entry, own = ceiling.servers.get(name), role.servers.get(name)
    if entry is None:
        return f"the role {ceiling.name!r} has no such server"
    if not repos and (role.repos or ceiling.repos_of(name)):
        return f"the role {role.name!r} sees none of the repositories of {ceiling.name!r}"
    if repos and not entry.scope and any(service.scopes for service in installed[name].services):
        return f"the role {role.name!r} is limited to repositories, and {ceiling.name!r} names no scope of this server"
    every = installed[name].tool_names
    if own and not (
        set(entry.tools or every) >= set(own.tools or every)
        and _MODES.index(entry.mode or "off") >= _MODES.index(own.mode or "off")
    ):
        return f"the role {role.name!r} has it already, with more than {ceiling.name!r} holds"
    return ""


def intersect_globs(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Return globs for what both see; an empty tuple sees everything, and is only the answer where both are empty.

    Of two globs the narrower is taken. Where neither is within the other, what they may share is left out.
    """
    if not some or not others:
        return some or others
    narrower = []
    for one, other in product(some, others):
        if is_within_glob(one, other):
            narrower.append(one)
        elif is_within_glob(other, one):
            narrower.append(other)
    return tuple(dict.fromkeys(narrower))


def is_within_glob(inner: str, outer: str) -> bool:
    """Return whether every name that matches `inner` matches `outer`; may say False of globs with ? or []."""
    # `*` of the outer one takes wildcards of the inner one like any text. `?` and `[]` would take them for a letter.
    return inner == outer or (not set("?[") & set(outer) and fnmatchcase(inner, outer))
