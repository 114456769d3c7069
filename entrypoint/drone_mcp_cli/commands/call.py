"""`drone-mcp call`: calls any tool of any installed server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_cli.commands.command_runner import show, with_server
from drone_mcp_cli.values import read_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_cli.calling import Answer, Caller
    from drone_mcp_cli.commands.command_runner import Options


def run(options: Options, tool: str, words: Sequence[str]) -> int:
    """Call a tool with arguments as a person writes them.

    Raises:
        UserError: there is no such tool, or a word is no argument.
    """
    toolbox = options.toolbox()
    arguments = {}

    async def use(caller: Caller) -> Answer:
        arguments.update(read_values(words, await caller.schema(tool)))
        return await caller.call(tool, arguments)

    answer = with_server(options, toolbox, tool, use)
    show(options, toolbox, answer, arguments)
    return answer.exit_code
