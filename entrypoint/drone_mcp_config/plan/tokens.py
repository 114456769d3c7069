"""Which variables hold the tokens of a role's servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_config.roles.loading import WRITE_TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_config.installation.manifest import Manifest
    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.roles.loading import Role
    from drone_mcp_config.roles.model import ServerEntry

TOKEN = "DRONE_TOKEN"  # noqa: S105 - the name of a variable


def token_variable(manifest: Manifest, entry: ServerEntry) -> dict[str, str]:
    """Return each token variable that a server reads -> the variable of the client's environment that holds it."""
    found = {name: name for name in manifest.token_variables}
    if entry.token and entry.token not in found:
        found[WRITE_TOKEN if WRITE_TOKEN in found else TOKEN] = entry.token
    return found


def token_sources(role: Role, installed: Servers) -> set[str]:
    """Name the variables of the client's environment that hold tokens for the role's servers."""
    return {
        source for name, entry in role.servers.items() for source in token_variable(installed[name], entry).values()
    }


def rehearsed_tokens(role: Role, installed: Servers) -> set[str]:
    """Name those of them that no server reads, because what would write with them only rehearses."""
    return {
        source
        for name, entry in role.servers.items()
        for variable, source in token_variable(installed[name], entry).items()
        if variable == WRITE_TOKEN and entry.mode != "on"
    }


def given_token_files(role: Role, installed: Servers, environment: Mapping[str, str]) -> dict[str, str]:
    """Say which token variables are given as files: VARIABLE_FILE stands in for VARIABLE."""
    sources = token_sources(role, installed)
    files = {source: environment.get(f"{source}_FILE", "") for source in sources if not environment.get(source)}
    return {source: file for source, file in files.items() if file}
