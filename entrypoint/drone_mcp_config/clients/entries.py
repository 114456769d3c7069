"""The entry of one server in the file of each client: one small function for each. Pure.

A planned server goes in, the plain data of its entry comes out. A secret never passes through here, only the name of
the variable or the file that holds it. The formats are those of the clients' documentation, as cited at each function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drone_mcp_config.clients.reference_syntax import (
    CLAUDE,
    EDITOR,
    NOTHING,
    OPENCODE,
    SHELL,
    SHELL_WITHOUT_DEFAULTS,
    Expansion,
    undefaulted,
)
from drone_mcp_config.errors import CannotExpress
from drone_mcp_config.plan.model import CALL_SECONDS, START_SECONDS, PlannedServer, RemoteServer, StdioServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_config.variable_references import Template

Entry = dict[str, Any]
MILLISECONDS = 1000


def claude(server: PlannedServer) -> Entry:
    """Claude Code: `${VAR}` everywhere; `timeout` is for one call, in milliseconds (documentation, "MCP").

    Its model searches for tools, and it starts without waiting for servers; `alwaysLoad` ends both for one server
    (documentation, "Scale with MCP tool search"; since 2.1.121, older versions ignore the key).
    """
    preload = _filled(alwaysLoad=server.preload)
    if isinstance(server, StdioServer):
        return {"type": "stdio", **_started(server, CLAUDE), "timeout": CALL_SECONDS * MILLISECONDS, **preload}
    return {"type": "http", **_reached(server, CLAUDE), **preload}


def claude_desktop(server: PlannedServer) -> Entry:
    """Claude Desktop: programs only, and no references (modelcontextprotocol.io, "Connect to local MCP servers")."""
    if isinstance(server, StdioServer):
        return _started(server, NOTHING)
    raise CannotExpress("its file has no servers at an address; add it under Settings > Connectors")


def cursor(server: PlannedServer) -> Entry:
    """Cursor: `${env:VAR}` (documentation, "Model Context Protocol", Config interpolation)."""
    if isinstance(server, StdioServer):
        return {"type": "stdio", **_started(server, EDITOR)}
    return _reached(server, EDITOR)


def vscode(server: PlannedServer) -> Entry:
    """VS Code: `${env:VAR}`, an explicit type (documentation, "MCP configuration reference")."""
    if isinstance(server, StdioServer):
        return {"type": "stdio", **_started(server, EDITOR)}
    return {"type": "http", **_reached(server, EDITOR)}


def codex(server: PlannedServer) -> Entry:
    """Codex: no references; variables are named in keys of their own, and the server gets no others.

    It sends the first request without the tools of a server that is not ready yet, and does not report one that
    failed, unless the server is `required` (Codex documentation, "Model Context Protocol"). Only our own servers
    are: without another one an agent may still do its work.
    """
    times = {"startup_timeout_sec": START_SECONDS, "tool_timeout_sec": CALL_SECONDS}
    limits = {**times, **_filled(required=server.ours)}
    if isinstance(server, StdioServer):
        literal, forwarded = _split(server.env)
        names = [*forwarded, *(name for name in server.inherits if name not in forwarded)]
        entry = {"command": NOTHING.write(server.command), "args": [NOTHING.write(arg) for arg in server.args]}
        return {**entry, **_filled(env_vars=names, env=literal), **limits}
    literal, bearer, forwarded_headers = _codex_headers(server.headers)
    entry = {"url": NOTHING.write(server.url)}
    headers = _filled(bearer_token_env_var=bearer, http_headers=literal, env_http_headers=forwarded_headers)
    return {**entry, **headers, **limits}


def gemini(server: PlannedServer) -> Entry:
    """Gemini CLI: `$VAR` and `${VAR}` (its repository, docs/reference/configuration.md, "mcpServers").

    It hides variables that look secret from a server unless `env` lists them.
    """
    if isinstance(server, StdioServer):
        return {**_started(server, SHELL), "timeout": CALL_SECONDS * MILLISECONDS}
    # Under `url` it would expect a server of the older transport, SSE.
    return {**_reached(server, SHELL, "httpUrl"), "timeout": CALL_SECONDS * MILLISECONDS}


def opencode(server: PlannedServer) -> Entry:
    """OpenCode: `{env:VAR}`, one list for the command (documentation, "MCP servers").

    Its default of 5 s until a server has listed its tools is short for a cold start.
    """
    timeout = {"enabled": True, "timeout": START_SECONDS * MILLISECONDS}
    if isinstance(server, StdioServer):
        started = _started(server, OPENCODE)
        command = [started["command"], *started["args"]]
        return {"type": "local", "command": command, **_filled(environment=started.get("env")), **timeout}
    return {"type": "remote", **_reached(server, OPENCODE), **timeout}


def windsurf(server: PlannedServer) -> Entry:
    """Windsurf: `${env:VAR}`, no type, `serverUrl` (documentation, "Cascade MCP integration")."""
    return _started(server, EDITOR) if isinstance(server, StdioServer) else _reached(server, EDITOR, "serverUrl")


def zed(server: PlannedServer) -> Entry:
    """Zed: no references (documentation, "Model Context Protocol")."""
    return _started(server, NOTHING) if isinstance(server, StdioServer) else _reached(server, NOTHING)


def goose(server: PlannedServer) -> Entry:
    """Goose: `env_keys` names the variables from its environment or keyring, `envs` holds the others.

    It expands `$VAR` and `${VAR}` in headers, and nowhere else (block/goose, pull request 5439).
    """
    common = {"name": server.name, "enabled": True, "timeout": CALL_SECONDS}
    if isinstance(server, StdioServer):
        literal, forwarded = _split(server.env)
        command = {"cmd": NOTHING.write(server.command), "args": [NOTHING.write(arg) for arg in server.args]}
        described = _filled(description=server.description)
        return {"type": "stdio", **common, **described, **command, "envs": literal, "env_keys": forwarded}
    names = [reference.name for value in server.headers.values() for reference in value.references]
    headers = {name: SHELL_WITHOUT_DEFAULTS.write(value) for name, value in server.headers.items()}
    reached = {"uri": NOTHING.write(server.url), **_filled(headers=headers, env_keys=list(dict.fromkeys(names)))}
    return {"type": "streamable_http", **common, **reached}


def copilot(server: PlannedServer) -> Entry:
    """Copilot CLI: `$VAR` and `${VAR}` in variables and headers alone; without `tools` it offers none.

    `timeout` is for one call, 30 s by default; `deferTools` exempts tools from its search for tools (GitHub
    documentation, "GitHub Copilot CLI command reference", MCP server configuration).
    """
    common = {
        "tools": ["*"],
        "timeout": CALL_SECONDS * MILLISECONDS,
        **_filled(deferTools="never" if server.preload else ""),
    }
    if isinstance(server, StdioServer):
        return {"type": "local", **_started(server, NOTHING, env=SHELL), **common}
    return {"type": "http", **_reached(server, NOTHING, headers=SHELL), **common}


def _started(server: StdioServer, expansion: Expansion, *, env: Expansion | None = None) -> Entry:
    return {
        "command": expansion.write(server.command),
        "args": [expansion.write(argument) for argument in server.args],
        **_filled(env={name: (env or expansion).write(value) for name, value in server.env.items()}),
    }


def _reached(
    server: RemoteServer, expansion: Expansion, url: str = "url", *, headers: Expansion | None = None
) -> Entry:
    written = {name: (headers or expansion).write(value) for name, value in server.headers.items()}
    return {url: expansion.write(server.url), **_filled(headers=written)}


def _filled(**values: Any) -> Entry:
    return {name: value for name, value in values.items() if value}


def _split(env: Mapping[str, Template]) -> tuple[dict[str, str], list[str]]:
    """Separate literal values from the names of forwarded variables, which such a client cannot rename."""
    literal: dict[str, str] = {}
    forwarded: list[str] = []
    for name, value in env.items():
        source = value.sole_reference
        if source is None:
            literal[name] = NOTHING.write(value)
        elif source == name:
            forwarded.append(name)
        else:
            raise CannotExpress(
                f"it passes a variable on under its own name only, and {name} has to come from {source}"
            )
    return literal, forwarded


def _codex_headers(headers: Mapping[str, Template]) -> tuple[dict[str, str], str, dict[str, str]]:
    literal: dict[str, str] = {}
    bearer = ""
    forwarded: dict[str, str] = {}
    for name, value in headers.items():
        match value.parts:
            case ("Bearer ", reference) if name.lower() == "authorization" and not isinstance(reference, str):
                # The variable holds the token alone: Codex puts the scheme before it.
                bearer = undefaulted(reference)
            case _ if value.sole_reference:
                forwarded[name] = value.sole_reference
            case _:
                literal[name] = NOTHING.write(value)
    return literal, bearer, forwarded
