"""Finds the MCP servers of this installation without importing any of them.

A server registers itself in the entry-point group `drone_mcp.servers` (the name that role files use -> its import
package) and describes itself in `manifest.json` inside that package. Importing each server instead would take half a
second for each, as it loads the whole SDK.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections import UserDict
from pathlib import Path

from pydantic import ValidationError

from drone_mcp_config.installation.server_manifest import Manifest

GROUP = "drone_mcp.servers"


class Servers(UserDict[str, Manifest]):
    """The installed servers, by the names that role files have for them.

    Attributes:
        broken: the servers that cannot be used, because their manifest is missing or wrong -> the reason.
    """

    def __init__(self) -> None:
        super().__init__()
        self.broken: dict[str, str] = {}

    @property
    def repo_variables(self) -> tuple[str, ...]:
        """The variables from which any of them reads the repository that an agent works on."""
        services = (service for manifest in self.values() for service in manifest.services)
        return tuple(dict.fromkeys(service.default for service in services if service.default))


def read_installation() -> Servers:
    """Find the installed servers, in the order of their names.

    An installation may lack some of the registered packages, as the image of a role does.
    """
    servers = Servers()
    for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda entry: entry.name):
        # Imports nothing, as the package is not inside another one.
        spec = importlib.util.find_spec(entry.value)
        if spec is None or not spec.submodule_search_locations:
            continue
        path = Path(spec.submodule_search_locations[0]) / "manifest.json"
        try:
            servers[entry.name] = Manifest.model_validate_json(path.read_bytes())
        except OSError as error:
            servers.broken[entry.name] = f"{path} cannot be read ({error.strerror})"
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            servers.broken[entry.name] = f"{path}: {where or 'the file'}: {first['msg']}"
    return servers


def command_of(manifest: Manifest, interpreter: str, *, portable: bool) -> tuple[str, ...]:
    """Return the command by which a client starts a server.

    The default names the interpreter that this command runs under, so that no PATH can find another installation;
    `portable` names the console script, for a file that several people share. -P, because clients start servers in the
    work tree: without it, Python would import a file there in place of a module of the same name, and run it with the
    server's token (Python documentation, "Command line and environment", -P).
    """
    return (manifest.command,) if portable else (interpreter, "-P", "-m", manifest.module)
