"""Finds the variables that hold the tokens of a role's servers. Pure.

There are two names for each token: the variable that the server reads, and the variable of the client's environment
that it is taken from, here called its source. They differ where a role names another token for a server.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from drone_mcp_config.secret_recognition import names_a_secret
from drone_mcp_config.variable_references import Template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.installation.server_manifest import Manifest
    from drone_mcp_config.roles.loading import Role
    from drone_mcp_config.roles.model import ServerEntry


def sources_of(manifest: Manifest, entry: ServerEntry) -> dict[str, str]:
    """Return each token variable that a server reads -> its source.

    The `token` of a role file is the one that a server writes with, or of one that only reads, the one for its first
    service. A guard reads its token in mode `on` alone.
    """
    # That of an optional service is not referred to: a client may refuse to start for a variable that is not set.
    optional = {service.token for service in manifest.services if service.optional}
    sources = {name: name for name in manifest.token_variables if name not in optional}
    if entry.token and sources and entry.token not in sources:
        sources[manifest.guard.token if manifest.guard else manifest.token_variables[0]] = entry.token
    unread = manifest.guard.token if manifest.guard and entry.mode != "on" else None
    return {name: source for name, source in sources.items() if name != unread}


def token_sources(role: Role, installed: Servers) -> set[str]:
    """Return the sources of all tokens of the role's servers."""
    return {source for name, entry in role.servers.items() for source in sources_of(installed[name], entry).values()}


def service_sources(role: Role, installed: Servers, service: str) -> set[str]:
    """Return the sources of the tokens that the role's servers send to a service; they write to their first one."""
    found: set[str] = set()
    for name, entry in role.servers.items():
        manifest = installed[name]
        sent = {one.token for one in manifest.services if one.name == service}
        if manifest.guard and manifest.services and manifest.services[0].name == service:
            sent.add(manifest.guard.token)
        found |= {source for variable, source in sources_of(manifest, entry).items() if variable in sent}
    return found


def secret_variables(role: Role, installed: Servers) -> set[str]:
    """Return all variables that hold a secret of the role's servers, by their purpose, as a name need not show it."""
    found = token_sources(role, installed)
    for name, entry in role.servers.items():
        manifest = installed[name]
        found |= {*manifest.token_variables, *manifest.guard_secrets}
        keys = manifest.guard.keys if manifest.guard else {}
        found |= {value for key, value in (entry.guard or {}).items() if value and keys[key].secret}
    for other in role.external.values():
        given = [*other.env.items(), *other.headers.items(), *itertools.pairwise(other.args)]
        for name, value in given:
            if names_a_secret(name):
                found |= {reference.name for reference in Template.parse(value).references}
    return {name for name in found if not name.endswith("_FILE")}


def given_token_files(role: Role, installed: Servers, environment: Mapping[str, str]) -> dict[str, str]:
    """Return source -> file for the tokens that are given as files: `VARIABLE_FILE` stands in for `VARIABLE`."""
    sources = token_sources(role, installed)
    # A token in the environment wins: a server rejects both together.
    files = {source: environment.get(f"{source}_FILE", "") for source in sources if not environment.get(source)}
    return {source: file for source, file in files.items() if file}
