"""`drone-mcp diagnose`: why a build failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drone_mcp_cli import exit_codes
from drone_mcp_cli.commands.command_runner import ask_and_show
from drone_mcp_cli.tool_names import DIAGNOSE
from drone_mcp_client.status import is_failure

if TYPE_CHECKING:
    from drone_mcp_cli.commands.command_runner import Options


def run(options: Options, arguments: dict[str, Any]) -> int:
    """Show the diagnosis; the exit code says whether the build is red."""
    answer = ask_and_show(options, DIAGNOSE, arguments)
    is_red = not answer.failed and is_failure(str(answer.data.get("status", "")))
    return exit_codes.RED if is_red else answer.exit_code
