"""The tables of the README and of the pages about roles and settings, made from the product."""

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


def servers_table(installed: Servers) -> str:
    """Write which servers there are, and how many tools each has."""
    rows = [
        [f"[{manifest.server}](docs/tools.md#{manifest.server})", manifest.description, str(len(manifest.tools))]
        for manifest in installed.values()
    ]
    return table(["server", "what it is for", "tools"], rows)


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
    """Return a page with the tables that it has a place for as they are now."""
    installed = read_installation()
    tables = {
        "servers": servers_table(installed),
        "roles": roles_table(installed),
        "settings": settings_table(VARIABLES),
        "action-settings": settings_table(DEPLOY_VARIABLES),
    }
    for name, made in tables.items():
        if f"<!-- {name}: begin -->" in page:
            page = splice(page, name, made)
    return page
