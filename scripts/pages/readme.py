"""The tables of the README and of other pages, made from the product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_build.variables import VARIABLES
from drone_mcp_config.installation.reading import Servers, read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import Role, load_role
from drone_mcp_deployments.variables import VARIABLES as DEPLOY_VARIABLES
from pages.markdown import splice, table
from pages.packages import packages_diagram
from pages.support import support_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_kit.variables import Variable


def servers_table(installed: Servers) -> str:
    """Write which servers there are, and how many tools each has."""
    rows = [
        [f"[{manifest.server}](docs/tools.md#{manifest.server})", manifest.description, str(len(manifest.tools))]
        for manifest in installed.values()
    ]
    return table(["server", "what it is for", "tools"], rows)


def examples_table(installed: Servers) -> str:
    """Write where the examples of each server are."""
    rows = [[f"[{manifest.server}](examples/{name}.md)", manifest.description] for name, manifest in installed.items()]
    return table(["server", "what it is for"], rows)


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


def with_tables(page: str) -> str:
    """Return a page with the tables that it has a place for as they are now."""
    installed = read_installation()
    tables = {
        "servers": lambda: servers_table(installed),
        "examples": lambda: examples_table(installed),
        "roles": lambda: roles_table(installed),
        "settings": lambda: settings_table(VARIABLES),
        "action-settings": lambda: settings_table(DEPLOY_VARIABLES),
        "packages": packages_diagram,
        "support": support_table,
    }
    for name, make in tables.items():
        if f"<!-- {name}: begin -->" in page:
            page = splice(page, name, make())
    return page
