"""What is installed, by entry points and role files: a new server is tested before it has a manifest."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.metadata import distribution, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drone_mcp_config.installation.reading import GROUP, read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp.server.mcpserver import MCPServer

PACKAGES = {point.name: point.value for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}
SERVERS = list(PACKAGES)
OVER_HTTP = [name for name in SERVERS if name != "nodes"]
"""The servers that ask their services over HTTP, whose answers a test can play. Nodes speak gRPC over TLS."""
TOKEN = "a-token-of-the-tests"
ROLES = sorted(role_library(None).names())

_COMMANDS = distribution("drone-mcp").entry_points.select(group="console_scripts")
_PROGRAMS = {point.name.removeprefix("drone-mcp-") for point in _COMMANDS if point.name.startswith("drone-mcp-")}
SERVICES = sorted(_PROGRAMS - {*SERVERS, "config"})
"""What runs for itself, whatever the role, but for the programs of nodes."""


def program_package(name: str) -> str:
    """Return the package of the program `drone-mcp-NAME`."""
    return _COMMANDS[f"drone-mcp-{name}"].module.partition(".")[0]


def server_module(name: str) -> Any:
    """Import `server.py` of a server, which has its SPEC and `create`."""
    return import_module(f"{PACKAGES[name]}.server")


def make_server(name: str, environment: Mapping[str, str]) -> MCPServer[Any]:
    """Make a server as its process would in an environment."""
    module = server_module(name)
    server: MCPServer[Any] = module.create(module.SPEC.settings.from_environment(environment))
    return server


def environment_of(name: str, address: str = "https://service.example.com", token: str = TOKEN) -> dict[str, str]:
    """Return what a server needs to ask its services, all at one address, and to ask each only once."""
    settings = server_module(name).SPEC.settings
    # Of nodes, https only is an address: nothing there speaks anything else.
    place = address if name in OVER_HTTP else address.replace("http://", "https://")
    found = {service.address: place for service in settings.services}
    found |= {service.token: token for service in settings.services}
    found |= {variable.name: "tester" for variable in settings.variables if variable.field == "username"}
    return found | {variable.name: "0" for variable in settings.variables if variable.field == "retries"}


def optional_addresses(name: str) -> dict[str, str]:
    """Return what leaves the optional services of a server unset, to be merged over its environment."""
    return {one.address: "" for one in server_module(name).SPEC.settings.services if one.optional}


def servers_that_ask(service: str) -> list[str]:
    """Return the servers that ask a service of this name."""
    return [name for name in SERVERS if service in {one.name for one in server_module(name).SPEC.settings.services}]


def servers_that_ask_only(service: str) -> list[str]:
    """Return the servers that cannot do without a service of this name, and can do without any other."""
    services = {name: server_module(name).SPEC.settings.services for name in SERVERS}
    needed = {name: [one.name for one in found if not one.optional] for name, found in services.items()}
    return [name for name in SERVERS if needed[name] == [service]]


def services_of(role: str) -> set[str]:
    """Return the names of the services that the servers which a role cannot do without ask."""
    entries = load_role(role, role_library(None), read_installation()).servers
    servers = [name for name, entry in entries.items() if not entry.optional]
    asked = [service for name in servers for service in server_module(name).SPEC.settings.services]
    return {service.name for service in asked if not service.optional}


def roles_with(server: str) -> list[str]:
    """Return the shipped roles that have a server."""
    return [role for role in ROLES if server in load_role(role, role_library(None), read_installation()).servers]


def writing_environment_of(name: str, mode: str | None = "on", token: str = TOKEN) -> dict[str, str]:
    """Return what lets a server change as much as its guard can allow; nothing for a server that only reads."""
    spec = server_module(name).SPEC
    if spec.guard is None:
        return {}
    widest = {"confirm": "high", "unapproved": "allow", "debug": "allow", "red": "allow"}
    found = {spec.guard.variable("write_token"): token}
    for key, schema in spec.guard.keys.items():
        globs = schema.get("items", {}).get("pattern", "")
        # A list that takes no wildcard narrows what is allowed, as times do.
        if widest_glob := next((glob for glob in ("*", "*/*") if globs and re.fullmatch(globs, glob)), None):
            found[spec.guard.variable(key)] = widest_glob
        elif key in widest:
            found[spec.guard.variable(key)] = widest[key]
    return found | ({spec.guard.variable("mode"): mode} if mode else {})


def package_folder(name: str) -> Path:
    """Return the folder of a server's package."""
    return Path(server_module(name).__file__).parent
