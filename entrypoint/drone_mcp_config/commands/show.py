"""`drone-mcp-config show ROLE`: a role merged with its parents, with the place that each value comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
import yaml

from drone_mcp_config.installation.reading import Servers, read_installation
from drone_mcp_config.plan.making import offered_tools
from drone_mcp_config.plan.token_variables import sources_of
from drone_mcp_config.roles.delegated_servers import load_delegated
from drone_mcp_config.roles.library import role_library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from drone_mcp_config.roles.delegated_servers import Delegation
    from drone_mcp_config.roles.loading import Role
    from drone_mcp_config.roles.model import Agent, External
    from drone_mcp_config.roles.role_source import KeyPath

Line = tuple[str, str]  # YAML, and the comment after it


def run(name: str, delegation: Delegation, roles_dir: Path | None) -> None:
    """Print the role, with the servers that are added to it, as a role file that stands alone."""
    installed = read_installation()
    role = load_delegated(name, delegation, role_library(roles_dir), installed)
    for reason in role.not_held:
        typer.echo(f"Not added: {reason}.", err=True)
    lines = list(_lines(role, installed))
    width = min(max(len(text) for text, _ in lines), 60)
    for file in dict.fromkeys(origin.file for origin in role.origins.values()):
        typer.echo(f"# {file}")
    for text, comment in lines:
        typer.echo(f"{text:<{width}}  # {comment}" if comment else text)


def _lines(role: Role, installed: Servers) -> Iterator[Line]:
    yield f"role: {role.name}", _origin(role, ("role",), "built on " + ", ".join(role.lineage[1:]))
    if role.description:
        yield _pair("description", role.description), _origin(role, ("description",))
    if role.repos:
        yield _pair("repos", list(role.repos)), _origin(role, ("repos",))
    else:
        yield "# repos: all that the token sees", ""
    if role.servers:
        yield "servers:", ""
    for name in role.servers:
        yield from _server(role, name, installed)
    if role.external:
        yield "external:", ""
    for name, external in role.external.items():
        yield f"  {name}:", _origin(role, ("external", name))
        yield from _set_values(role, ("external", name), external, indent="    ")
    if role.agent.model_fields_set:
        yield "agent:", ""
        yield from _set_values(role, ("agent",), role.agent, indent="  ")


def _server(role: Role, name: str, installed: Servers) -> Iterator[Line]:
    entry, manifest = role.servers[name], installed[name]
    path: KeyPath = ("servers", name)
    yield f"  {name}:", _origin(role, path)
    if role.repos_of(name) != role.repos:
        yield f"    # of the repositories {', '.join(role.repos_of(name)) or '*/*'} only", ""
    tools = list(offered_tools(entry, manifest))
    yield _pair("    tools", tools), _origin(role, (*path, "tools"), "all that the server has")
    default = next(iter(sources_of(manifest, entry)), "")
    token = entry.token or default
    if token:
        yield _pair("    token", token), _origin(role, (*path, "token"), "the server's own")
    if manifest.guard:
        yield _pair("    mode", entry.mode or "off"), _origin(role, (*path, "mode"), "unless a role says more")
    if entry.scope is not None:
        yield _pair("    scope", entry.scope), _origin(role, (*path, "scope"))
    if entry.preload:
        yield _pair("    preload", value=True), _origin(role, (*path, "preload"))
    if manifest.guard and entry.guard is not None:
        yield "    guard:", ""
        guard = {key: entry.guard[key] for key in manifest.guard.keys if key in entry.guard}
        yield from _set_values(role, (*path, "guard"), guard, indent="      ")


def _set_values(role: Role, path: KeyPath, part: External | Agent | dict[str, Any], indent: str) -> Iterator[Line]:
    values = part if isinstance(part, dict) else part.model_dump(exclude_unset=True)
    for key, value in values.items():
        yield _pair(f"{indent}{key}", value), _origin(role, (*path, key))


def _origin(role: Role, path: KeyPath, default: str = "") -> str:
    origin = role.origins.get(path)
    place = f"{origin.file.name}:{origin.line}" if origin else ""
    if path == ("role",):
        return f"{place}, {default}" if len(role.lineage) > 1 else place
    return place or default


def _pair(key: str, value: Any) -> str:
    written: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
    return f"{key}: {written.strip().removesuffix('...').strip()}"
