"""The MCP clients that a role can be written for: one row each."""

from __future__ import annotations

from dataclasses import dataclass
from shutil import which
from typing import TYPE_CHECKING, Literal

from drone_mcp_config.clients import entries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drone_mcp_config.clients.entries import Entry
    from drone_mcp_config.clients.folders import UserFolders
    from drone_mcp_config.plan.model import PlannedServer

ClientName = Literal[
    "claude", "claude-desktop", "cursor", "vscode", "codex", "gemini", "opencode", "windsurf", "zed", "goose", "copilot"
]


@dataclass(frozen=True)
class ClientFormat:
    """The configuration file of one client.

    Attributes:
        title: the client's name, for people.
        root: the key under which it has its servers.
        entry: makes the entry of one server; raises CannotExpress.
        location: returns the path of the file; the project's where there is one.
        syntax: of the file.
        project: whether the file belongs to the project, not to the user.
        bare: whether its servers get nothing of the user's environment, nor can the file refer to it.
        desktop: whether it is started from a desktop, where the variables of a shell are not set.
        hint: for the user, what else there is to do; "" for nothing.
        program: its command; "" if it has none.
    """

    title: str
    root: str
    entry: Callable[[PlannedServer], Entry]
    location: Callable[[UserFolders], Path]
    syntax: Literal["json", "toml", "yaml"] = "json"
    project: bool = False
    bare: bool = False
    desktop: bool = False
    hint: str = ""
    program: str = ""

    def is_here(self, folders: UserFolders) -> bool:
        """Return whether the client seems to be on this machine: its command, its file, or the folder of its own."""
        file = self.location(folders)
        return (
            bool(self.program and which(self.program)) or file.exists() or (not self.project and file.parent.exists())
        )


def _claude_desktop_file(folders: UserFolders) -> Path:
    if folders.platform == "darwin":
        folder = folders.home / "Library" / "Application Support"
    else:
        folder = folders.appdata if folders.windows else folders.config
    return folder / "Claude" / "claude_desktop_config.json"


def _opencode_file(folders: UserFolders) -> Path:
    commented = folders.work / "opencode.jsonc"
    plain = folders.work / "opencode.json"
    # OpenCode reads both names: the servers go into the file that is there.
    return commented if commented.exists() and not plain.exists() else plain


def _zed_file(folders: UserFolders) -> Path:
    return (folders.appdata / "Zed" if folders.windows else folders.config / "zed") / "settings.json"


def _goose_file(folders: UserFolders) -> Path:
    folder = folders.appdata / "Block" / "goose" / "config" if folders.windows else folders.config / "goose"
    return folder / "config.yaml"


_TRUST = "{} reads a project's file only in a folder that it trusts: start it here once and say yes."

CLIENTS: dict[ClientName, ClientFormat] = {
    "claude": ClientFormat(
        "Claude Code",
        "mcpServers",
        entries.claude,
        lambda folders: folders.work / ".mcp.json",
        project=True,
        hint="Start claude here and approve the servers (/mcp shows them).",
        program="claude",
    ),
    "claude-desktop": ClientFormat(
        "Claude Desktop",
        "mcpServers",
        entries.claude_desktop,
        _claude_desktop_file,
        bare=True,
        desktop=True,
        hint="Restart Claude Desktop.",
    ),
    "cursor": ClientFormat(
        "Cursor",
        "mcpServers",
        entries.cursor,
        lambda folders: folders.work / ".cursor" / "mcp.json",
        project=True,
        desktop=True,
        program="cursor",
    ),
    "vscode": ClientFormat(
        "VS Code",
        "servers",
        entries.vscode,
        lambda folders: folders.work / ".vscode" / "mcp.json",
        project=True,
        desktop=True,
        program="code",
    ),
    "codex": ClientFormat(
        "Codex",
        "mcp_servers",
        entries.codex,
        lambda folders: folders.work / ".codex" / "config.toml",
        syntax="toml",
        project=True,
        hint=_TRUST.format("Codex"),
        program="codex",
    ),
    "gemini": ClientFormat(
        "Gemini CLI",
        "mcpServers",
        entries.gemini,
        lambda folders: folders.work / ".gemini" / "settings.json",
        project=True,
        hint=_TRUST.format("Gemini CLI"),
        program="gemini",
    ),
    "opencode": ClientFormat("OpenCode", "mcp", entries.opencode, _opencode_file, project=True, program="opencode"),
    "windsurf": ClientFormat(
        "Windsurf",
        "mcpServers",
        entries.windsurf,
        lambda folders: folders.home / ".codeium" / "windsurf" / "mcp_config.json",
        desktop=True,
        program="windsurf",
    ),
    "zed": ClientFormat("Zed", "context_servers", entries.zed, _zed_file, bare=True, desktop=True, program="zed"),
    "goose": ClientFormat("Goose", "extensions", entries.goose, _goose_file, syntax="yaml", program="goose"),
    "copilot": ClientFormat(
        "Copilot CLI",
        "mcpServers",
        entries.copilot,
        lambda folders: folders.home / ".copilot" / "mcp-config.json",
        program="copilot",
    ),
}
