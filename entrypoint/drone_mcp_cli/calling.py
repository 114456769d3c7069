"""Calls a tool of a server in this process, by the way that an agent's call takes: an MCP client, the whole server.

So the checks of arguments, the guard, the audit log, redaction and budgets are those of an agent's call.
"""

from __future__ import annotations

import json
import os
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
from mcp import Client
from mcp.shared.exceptions import MCPError

from ci_mcp_kit import logs
from ci_mcp_kit.answer import ERROR
from ci_mcp_kit.environment_secrets import secrets_in
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor
from ci_mcp_kit.secret_files import read_secret
from ci_mcp_kit.settings import ProcessSettings
from drone_mcp_cli import exit_codes
from drone_mcp_cli.toolbox import LOG_LEVEL, audit_file
from drone_mcp_config.errors import UserError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from drone_mcp_cli.asking import Asker
    from drone_mcp_cli.toolbox import Toolbox
    from drone_mcp_config.serving.servers import HostedServer


@dataclass(frozen=True)
class Answer:
    """The answer of a tool.

    Attributes:
        tool: its name.
        data: the structured answer; the error where the tool failed.
        failed: whether it did.
        text: the answer as text.
        server: the address of the service that was asked; "" where the server asks none.
    """

    tool: str
    data: dict[str, Any]
    failed: bool = False
    text: str = ""
    server: str = ""

    @property
    def exit_code(self) -> int:
        """The exit code that follows from the answer alone."""
        return exit_codes.of_error(str(self.data.get("code"))) if self.failed else exit_codes.DONE


@dataclass
class Caller:
    """Calls the tools of one server while it runs."""

    client: Client
    address: str
    report: Callable[[str], None] = field(default=lambda _: None)

    async def schema(self, tool: str) -> dict[str, Any]:
        """Return the input schema of a tool."""
        listed = await self.client.list_tools()
        return next((one.input_schema for one in listed.tools if one.name == tool), {})

    async def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        """Call a tool.

        Raises:
            UserError: the server does not offer it in this environment.
        """
        try:
            result = await self.client.call_tool(tool, arguments, progress_callback=self._progress)
        except MCPError as error:
            raise UserError(f"{error.message}.") from error
        text = "\n".join(block.text for block in result.content if block.type == "text")
        if result.is_error:
            return Answer(tool, json.loads(text.removeprefix(ERROR)), failed=True, server=self.address)
        return Answer(tool, result.structured_content or {}, text=text, server=self.address)

    async def _progress(self, progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG002 - the SDK's signature
        if message:
            self.report(message)


@asynccontextmanager
async def running(toolbox: Toolbox, tool: str, ask: Asker | None) -> AsyncIterator[Caller]:
    """Run the server that has a tool.

    Args:
        toolbox: has the server.
        tool: the name of the tool.
        ask: puts the questions of the server to a person; without it, whatever needs one is refused.

    Raises:
        UserError: there is no such tool, or a variable is wrong.
    """
    hosted = toolbox.server_of(tool)
    server = hosted.make()
    _set_up_logs(hosted)
    audit = audit_file(os.environ)
    if hosted.manifest.guard and str(audit) in hosted.environment.values():
        with suppress(OSError):  # without its folder, the guard refuses every change
            audit.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    services = hosted.manifest.services
    address = hosted.environment.get(services[0].address, "").rstrip("/") if services else ""
    async with Client(server, elicitation_callback=ask) as client:
        yield Caller(client, address)


def run_until_done(main: Callable[[], Awaitable[Answer]]) -> Answer:
    """Run a coroutine function; an error of the user comes out of the groups that tasks put it into."""
    try:
        return anyio.run(main)
    except ExceptionGroup as group:
        first: Exception = group
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raise first from group


def _set_up_logs(hosted: HostedServer) -> None:
    """Log for a person: errors alone, unless the environment says more."""
    fixed = [secret.reveal() for secret in secrets_in(hosted.environment)]

    def secrets() -> list[str]:
        held = [token for file in hosted.token_files() if (token := read_secret(file))]
        return [*fixed, *hosted.secrets(), *held]

    settings = ProcessSettings.from_environment({LOG_LEVEL: "error", **hosted.environment})
    logs.configure(settings, Cleaner(Redactor(secrets)))
