"""The README's tables, made from the product."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drone_mcp_build.variables import VARIABLES
from drone_mcp_config.installation.reading import Servers, read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import Role, load_role
from drone_mcp_deployments.variables import VARIABLES as DEPLOY_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_kit.variables import Variable


def table(head: list[str], rows: list[list[str]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def tools_table(installed: Servers) -> str:
    """Write which server has which tools."""
    rows = [
        [manifest.server, f"`{tool.name}`", tool.description.splitlines()[0]]
        for manifest in installed.values()
        for tool in manifest.tools
    ]
    return table(["server", "tool", "what it answers"], rows)


def roles_table(installed: Servers) -> str:
    """Write which role has which servers."""
    roles: list[Role] = [load_role(name, role_library(None), installed) for name in role_library(None).names()]
    rows = [
        [f"`{role.name}`", role.description, *("x" if name in role.servers else "" for name in installed)]
        for role in roles
    ]
    return table(["role", "for an agent that", *installed], rows)


def settings_table(variables: Iterable[Variable]) -> str:
    """Write what can be set."""
    rows = [[f"`{variable.name}`", variable.takes, variable.default] for variable in variables]
    return table(["variable", "takes", "default"], rows)


def splice(page: str, name: str, made: str) -> str:
    """Put a text in its place on a page, between the comments `NAME: begin` and `NAME: end`.

    Raises:
        ValueError: the page has no such place.
    """
    pattern = re.compile(rf"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no place for {name}")
    return pattern.sub(lambda match: f"{match[1]}{made}\n{match[2]}", page)


def with_tables(page: str) -> str:
    """Return the README with its tables as they are now."""
    installed = read_installation()
    page = splice(page, "tools", tools_table(installed))
    page = splice(page, "roles", roles_table(installed))
    page = splice(page, "settings", settings_table(VARIABLES))
    return splice(page, "action-settings", settings_table(DEPLOY_VARIABLES))
