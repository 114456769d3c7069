"""Calls a tool and shows its answer, as all commands do."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ci_mcp_kit.terminal import console_on
from drone_mcp_cli import next_steps
from drone_mcp_cli.pages.printing import answer_page, print_error, print_json, print_page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from drone_mcp_cli.calling import Answer, Caller
    from drone_mcp_cli.toolbox import Toolbox


@dataclass(frozen=True)
class Options:
    """The options that every command has.

    Attributes:
        role: whose tools there are; None: all.
        roles_dir: where role files are looked for first.
        as_json: whether the answer is printed as JSON.
        yes: whether the person has agreed to everything by --yes.
    """

    role: str | None = None
    roles_dir: Path | None = None
    as_json: bool = False
    yes: bool = False

    def toolbox(self) -> Toolbox:
        """Return the tools that there are."""
        from drone_mcp_cli.toolbox import open_toolbox  # noqa: PLC0415 - not for the help

        return open_toolbox(self.role, self.roles_dir)


def given(**values: Any) -> dict[str, Any]:
    """Return the values that the person has given."""
    return {name: value for name, value in values.items() if value is not None}


def with_server(options: Options, toolbox: Toolbox, tool: str, use: Callable[[Caller], Awaitable[Answer]]) -> Answer:
    """Run the server that has a tool, and use it; on a terminal, show that something goes on.

    Raises:
        UserError: there is no such tool, or a variable is wrong.
    """
    with console_on(sys.stderr).status("Asking ...") as status:
        from drone_mcp_cli.asking import asker  # noqa: PLC0415 - brings the SDK, for which a person waits a second
        from drone_mcp_cli.calling import run_until_done, running  # noqa: PLC0415 - likewise

        async def main() -> Answer:
            ask = asker(yes=options.yes, before=status.stop)
            async with running(toolbox, tool, ask) as caller:
                caller.report = lambda message: status.update(Text(message))
                return await use(caller)

        return run_until_done(main)


def call(options: Options, toolbox: Toolbox, tool: str, arguments: dict[str, Any]) -> Answer:
    """Call a tool."""
    return with_server(options, toolbox, tool, lambda caller: caller.call(tool, arguments))


def show(options: Options, toolbox: Toolbox, answer: Answer, arguments: dict[str, Any]) -> None:
    """Print an answer; an error goes to standard error, or with --json where an answer would be."""
    if options.as_json:
        print_json(answer.data)
        return
    # The repository again, where the person had to say which one is meant.
    repo = str(answer.data.get("repo", "")) if "repo" in arguments else ""
    words = next_steps.Words(tuple(toolbox.names()), repo, answer.data.get("number"))
    if answer.failed:
        print_error(answer.data, words.error_next_step(answer.data))
        return
    next_step = words.for_terminal(str(answer.data.get("next_step", "")))
    print_page(answer_page(answer.tool, answer.data, answer.text, answer.server, next_step))


def ask_and_show(options: Options, tool: str, arguments: dict[str, Any]) -> Answer:
    """Call a tool, and print its answer."""
    toolbox = options.toolbox()
    answer = call(options, toolbox, tool, arguments)
    show(options, toolbox, answer, arguments)
    return answer
