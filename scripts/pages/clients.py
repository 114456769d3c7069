"""The page about clients: for each the command, the file, and what is written into it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from drone_mcp_config.clients.configuration_builder import Choices, make_configuration
from drone_mcp_config.clients.folders import UserFolders
from drone_mcp_config.clients.formats import CLIENTS, ClientName
from drone_mcp_config.clients.text_editing import new_text
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role

if TYPE_CHECKING:
    from collections.abc import Callable

ROLE = "ui"  # the shortest file
HOME = Path("/home/me")
FOLDERS = UserFolders(HOME / "project", HOME, HOME / ".config", HOME / "AppData", "linux")
ADDRESS = "https://drone.example.com"


def clients_sections() -> str:
    """Write a section for each client."""
    return "".join(_section(name) for name in CLIENTS).rstrip() + "\n"


def _section(name: ClientName) -> str:
    client = CLIENTS[name]
    file = str(client.location(FOLDERS)).replace(str(FOLDERS.work), ".").replace(str(HOME), "~")
    address = f" --server {ADDRESS}" if client.bare else ""
    command = f"drone-mcp-config --role {ROLE} --client {name} --portable{address}"
    notes = [f"{client.hint}\n\n"] if client.hint else []
    links = _links(name)
    return (
        f"## {client.title}\n\n`{command}` writes `{file}`:\n\n"
        f"```{client.syntax}\n{_text(name)}```\n\n{''.join(notes)}{links}"
    )


def _text(name: ClientName) -> str:
    installed = read_installation()
    role = load_role(ROLE, role_library(None), installed)
    choices = Choices(name, portable=True, address=ADDRESS if CLIENTS[name].bare else None)
    made = make_configuration(role, installed, choices, FOLDERS, {})
    return new_text(made.client, made.entries)


def _links(name: ClientName) -> str:
    """Return links that add a server of the role with one click, for a client that has such links."""
    link = LINKS.get(name)
    if link is None:
        return ""
    entries: dict[str, dict[str, object]] = json.loads(_text(name))[CLIENTS[name].root]
    links = " · ".join(f"[add {server}]({link(server, entry)})" for server, entry in entries.items())
    return f"With drone-mcp installed, one click adds a server: {links}.\n\n"


def vscode_link(server: str, entry: dict[str, object]) -> str:
    """Return a link to the URL handler of VS Code (https://code.visualstudio.com/docs/copilot/chat/mcp-servers)."""
    return f"https://vscode.dev/redirect/mcp/install?name={server}&config={quote(_compact(entry), safe='')}"


def cursor_link(server: str, entry: dict[str, object]) -> str:
    """Return an install link of Cursor (https://cursor.com/docs/mcp/install-links)."""
    config = base64.b64encode(_compact(entry).encode()).decode()
    return f"https://cursor.com/en/install-mcp?name={server}&config={quote(config, safe='')}"


def _compact(entry: dict[str, object]) -> str:
    return json.dumps(entry, separators=(",", ":"))


LINKS: dict[ClientName, Callable[[str, dict[str, object]], str]] = {"vscode": vscode_link, "cursor": cursor_link}
