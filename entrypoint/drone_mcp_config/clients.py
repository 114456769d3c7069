"""The MCP clients that a role can be written for: where each keeps its configuration, and how one server reads in it.

Every client is one row of `CLIENTS` and one small function. The functions are pure: a server of the plan in, the plain
data of its entry out. A secret never passes through here, only the name of the variable or the file that holds it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from drone_mcp_config.errors import CannotExpress, UserError
from drone_mcp_config.expansion import (
    CLAUDE,
    EDITOR,
    NOTHING,
    OPENCODE,
    SHELL,
    SHELL_WITHOUT_DEFAULTS,
    Expansion,
    undefaulted,
)
from drone_mcp_config.plan import CALL_SECONDS, START_SECONDS, Remote, Server, Stdio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drone_mcp_config.template import Template

Entry = dict[str, Any]
ClientName = Literal[
    "claude", "claude-desktop", "cursor", "vscode", "codex", "gemini", "opencode", "windsurf", "zed", "goose", "copilot"
]
MILLISECONDS = 1000


@dataclass(frozen=True)
class Places:
    """Where things are on this machine."""

    work: Path
    home: Path
    config: Path  # ~/.config, or what XDG_CONFIG_HOME says
    appdata: Path  # only Windows has it
    platform: str

    @classmethod
    def here(cls, environment: Mapping[str, str] = os.environ) -> Places:
        """Read them from the environment.

        Raises:
            UserError: when the working directory is gone.
        """
        try:
            work = Path.cwd()
        except FileNotFoundError as error:
            raise UserError("The folder that you are in does not exist any more; change to another.") from error
        home = Path(environment.get("HOME") or _home())
        config = environment.get("XDG_CONFIG_HOME", "")
        return cls(
            work=work,
            home=home,
            # The XDG specification has a relative path ignored.
            config=Path(config) if Path(config).is_absolute() else home / ".config",
            appdata=Path(environment.get("APPDATA") or home / "AppData" / "Roaming"),
            platform=sys.platform,
        )

    @property
    def windows(self) -> bool:
        """Whether this is Windows."""
        return self.platform == "win32"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a container's user by number, without an account: engines take the root then
        return Path("/")


@dataclass(frozen=True)
class ClientFormat:
    """How one client wants its servers.

    Attributes:
        title: its name as people say it.
        root: the key that holds the servers.
        entry: writes one server; raises CannotExpress.
        location: the file that it reads; the project's where it has one.
        syntax: what the file is written in.
        project: whether that file belongs to the project (and not to the user).
        bare: its servers see nothing of the user's environment and its file cannot refer to it.
        desktop: whether people start it from a desktop, where the variables of a shell are not set.
        hint: what the user has to do besides, if anything.
    """

    title: str
    root: str
    entry: Callable[[Server], Entry]
    location: Callable[[Places], Path]
    syntax: Literal["json", "toml", "yaml"] = "json"
    project: bool = False
    bare: bool = False
    desktop: bool = False
    hint: str = ""


def claude(server: Server) -> Entry:
    """Claude Code: `${VAR}` everywhere; `timeout` is for one call, in milliseconds.

    It has the model search for tools, and starts without waiting for servers; `alwaysLoad` ends both for one server
    (https://code.claude.com/docs/en/mcp, "Scale with MCP tool search"; since 2.1.121, older ones ignore the key).
    """
    preload = _filled(alwaysLoad=server.preload)
    if isinstance(server, Stdio):
        return {"type": "stdio", **_started(server, CLAUDE), "timeout": CALL_SECONDS * MILLISECONDS, **preload}
    return {"type": "http", **_reached(server, CLAUDE), **preload}


def claude_desktop(server: Server) -> Entry:
    """Claude Desktop: programs only, and every value as it stands."""
    if isinstance(server, Stdio):
        return _started(server, NOTHING)
    raise CannotExpress("its file has no servers at an address; add it under Settings > Connectors")


def cursor(server: Server) -> Entry:
    """Cursor: `${env:VAR}`."""
    if isinstance(server, Stdio):
        return {"type": "stdio", **_started(server, EDITOR)}
    return _reached(server, EDITOR)


def vscode(server: Server) -> Entry:
    """VS Code: `${env:VAR}`, an explicit type."""
    if isinstance(server, Stdio):
        return {"type": "stdio", **_started(server, EDITOR)}
    return {"type": "http", **_reached(server, EDITOR)}


def codex(server: Server) -> Entry:
    """Codex: no references; names of variables in keys of their own, and nothing else reaches the server.

    It sends the first request without the tools of a server that is not ready yet, and says nothing of one that
    failed, unless the server is `required` (https://developers.openai.com/codex/mcp). Only of ours is that asked:
    without another server an agent may still do its work.
    """
    times = {"startup_timeout_sec": START_SECONDS, "tool_timeout_sec": CALL_SECONDS}
    limits = {**times, **_filled(required=server.ours)}
    if isinstance(server, Stdio):
        literal, forwarded = _split(server.env)
        names = [*forwarded, *(name for name in server.inherits if name not in forwarded)]
        entry = {"command": NOTHING.write(server.command), "args": [NOTHING.write(arg) for arg in server.args]}
        return {**entry, **_filled(env_vars=names, env=literal), **limits}
    literal, bearer, forwarded_headers = _codex_headers(server.headers)
    entry = {"url": NOTHING.write(server.url)}
    headers = _filled(bearer_token_env_var=bearer, http_headers=literal, env_http_headers=forwarded_headers)
    return {**entry, **headers, **limits}


def gemini(server: Server) -> Entry:
    """Gemini CLI: `$VAR` and `${VAR}`; it hides variables that look secret from a server unless `env` lists them."""
    if isinstance(server, Stdio):
        return {**_started(server, SHELL), "timeout": CALL_SECONDS * MILLISECONDS}
    return {**_reached(server, SHELL, "httpUrl"), "timeout": CALL_SECONDS * MILLISECONDS}


def opencode(server: Server) -> Entry:
    """OpenCode: `{env:VAR}`, one list for the command; its own 5 s to list tools are short for a cold start."""
    timeout = {"enabled": True, "timeout": START_SECONDS * MILLISECONDS}
    if isinstance(server, Stdio):
        started = _started(server, OPENCODE)
        command = [started["command"], *started["args"]]
        return {"type": "local", "command": command, **_filled(environment=started.get("env")), **timeout}
    return {"type": "remote", **_reached(server, OPENCODE), **timeout}


def windsurf(server: Server) -> Entry:
    """Windsurf: `${env:VAR}`, no type, `serverUrl`."""
    return _started(server, EDITOR) if isinstance(server, Stdio) else _reached(server, EDITOR, "serverUrl")


def zed(server: Server) -> Entry:
    """Zed: every value as it stands."""
    return _started(server, NOTHING) if isinstance(server, Stdio) else _reached(server, NOTHING)


def goose(server: Server) -> Entry:
    """Goose: `env_keys` names what it takes from its environment or keyring, `envs` holds the rest.

    In headers, and nowhere else, it puts those in for `$VAR` and `${VAR}` (goose pull request 5439).
    """
    common = {"name": server.name, "enabled": True, "timeout": CALL_SECONDS}
    if isinstance(server, Stdio):
        literal, forwarded = _split(server.env)
        command = {"cmd": NOTHING.write(server.command), "args": [NOTHING.write(arg) for arg in server.args]}
        described = _filled(description=server.description)
        return {"type": "stdio", **common, **described, **command, "envs": literal, "env_keys": forwarded}
    names = [reference.name for value in server.headers.values() for reference in value.references]
    headers = {name: SHELL_WITHOUT_DEFAULTS.write(value) for name, value in server.headers.items()}
    reached = {"uri": NOTHING.write(server.url), **_filled(headers=headers, env_keys=list(dict.fromkeys(names)))}
    return {"type": "streamable_http", **common, **reached}


def copilot(server: Server) -> Entry:
    """Copilot CLI: `$VAR` and `${VAR}` in variables and headers alone; without `tools` it offers none.

    `timeout` is for one call, 30 s by itself; `deferTools` keeps tools out of its search for tools
    (https://docs.github.com/en/copilot/reference/copilot-cli-reference/cli-command-reference).
    """
    common = {
        "tools": ["*"],
        "timeout": CALL_SECONDS * MILLISECONDS,
        **_filled(deferTools="never" if server.preload else ""),
    }
    if isinstance(server, Stdio):
        return {"type": "local", **_started(server, NOTHING, env=SHELL), **common}
    return {"type": "http", **_reached(server, NOTHING, headers=SHELL), **common}


def _started(server: Stdio, expansion: Expansion, *, env: Expansion | None = None) -> Entry:
    return {
        "command": expansion.write(server.command),
        "args": [expansion.write(argument) for argument in server.args],
        **_filled(env={name: (env or expansion).write(value) for name, value in server.env.items()}),
    }


def _reached(server: Remote, expansion: Expansion, url: str = "url", *, headers: Expansion | None = None) -> Entry:
    written = {name: (headers or expansion).write(value) for name, value in server.headers.items()}
    return {url: expansion.write(server.url), **_filled(headers=written)}


def _filled(**values: Any) -> Entry:
    return {name: value for name, value in values.items() if value}


def _split(env: Mapping[str, Template]) -> tuple[dict[str, str], list[str]]:
    """Part literal values from variables handed on; a client that only hands on names cannot rename one."""
    literal: dict[str, str] = {}
    forwarded: list[str] = []
    for name, value in env.items():
        source = value.sole_reference
        if source is None:
            literal[name] = NOTHING.write(value)
        elif source == name:
            forwarded.append(name)
        else:
            raise CannotExpress(f"it hands a variable on under its own name only, and {name} is to come from {source}")
    return literal, forwarded


def _codex_headers(headers: Mapping[str, Template]) -> tuple[dict[str, str], str, dict[str, str]]:
    literal: dict[str, str] = {}
    bearer = ""
    forwarded: dict[str, str] = {}
    for name, value in headers.items():
        match value.parts:
            case ("Bearer ", reference) if name.lower() == "authorization" and not isinstance(reference, str):
                bearer = undefaulted(reference)
            case _ if value.sole_reference:
                forwarded[name] = value.sole_reference
            case _:
                literal[name] = NOTHING.write(value)
    return literal, bearer, forwarded


def _claude_desktop_file(places: Places) -> Path:
    if places.platform == "darwin":
        folder = places.home / "Library" / "Application Support"
    else:
        folder = places.appdata if places.windows else places.config
    return folder / "Claude" / "claude_desktop_config.json"


def _opencode_file(places: Places) -> Path:
    commented = places.work / "opencode.jsonc"
    plain = places.work / "opencode.json"
    return commented if commented.exists() and not plain.exists() else plain


def _zed_file(places: Places) -> Path:
    return (places.appdata / "Zed" if places.windows else places.config / "zed") / "settings.json"


def _goose_file(places: Places) -> Path:
    folder = places.appdata / "Block" / "goose" / "config" if places.windows else places.config / "goose"
    return folder / "config.yaml"


_TRUST = "{} reads a project's file only in a folder that it trusts: start it here once and say yes."

CLIENTS: dict[ClientName, ClientFormat] = {
    "claude": ClientFormat(
        "Claude Code",
        "mcpServers",
        claude,
        lambda places: places.work / ".mcp.json",
        project=True,
        hint="Start claude here and approve the servers (/mcp shows them).",
    ),
    "claude-desktop": ClientFormat(
        "Claude Desktop",
        "mcpServers",
        claude_desktop,
        _claude_desktop_file,
        bare=True,
        desktop=True,
        hint="Restart Claude Desktop.",
    ),
    "cursor": ClientFormat(
        "Cursor", "mcpServers", cursor, lambda places: places.work / ".cursor" / "mcp.json", project=True, desktop=True
    ),
    "vscode": ClientFormat(
        "VS Code", "servers", vscode, lambda places: places.work / ".vscode" / "mcp.json", project=True, desktop=True
    ),
    "codex": ClientFormat(
        "Codex",
        "mcp_servers",
        codex,
        lambda places: places.work / ".codex" / "config.toml",
        syntax="toml",
        project=True,
        hint=_TRUST.format("Codex"),
    ),
    "gemini": ClientFormat(
        "Gemini CLI",
        "mcpServers",
        gemini,
        lambda places: places.work / ".gemini" / "settings.json",
        project=True,
        hint=_TRUST.format("Gemini CLI"),
    ),
    "opencode": ClientFormat("OpenCode", "mcp", opencode, _opencode_file, project=True),
    "windsurf": ClientFormat(
        "Windsurf",
        "mcpServers",
        windsurf,
        lambda places: places.home / ".codeium" / "windsurf" / "mcp_config.json",
        desktop=True,
    ),
    "zed": ClientFormat("Zed", "context_servers", zed, _zed_file, bare=True, desktop=True),
    "goose": ClientFormat("Goose", "extensions", goose, _goose_file, syntax="yaml"),
    "copilot": ClientFormat(
        "Copilot CLI",
        "mcpServers",
        copilot,
        lambda places: places.home / ".copilot" / "mcp-config.json",
    ),
}
