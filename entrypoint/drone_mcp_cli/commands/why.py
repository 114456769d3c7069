"""`drone-mcp why`: since when a branch fails, and which steps fail without a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from drone_mcp_cli.commands.command_runner import call, show
from drone_mcp_cli.pages.printing import print_json, print_page
from drone_mcp_cli.tool_names import FIND_FLAKY_STEPS, FIND_REGRESSION

if TYPE_CHECKING:
    from drone_mcp_cli.commands.command_runner import Options


def run(options: Options, repo: dict[str, Any], branch_or_step: dict[str, Any]) -> int:
    """Show both answers, or both errors; as JSON, each under the name of its tool.

    Args:
        options: of every command.
        repo: the argument of both tools.
        branch_or_step: the other arguments of the tool that finds a regression.
    """
    toolbox = options.toolbox()
    calls = {FIND_REGRESSION: repo | branch_or_step, FIND_FLAKY_STEPS: repo}
    answers = {tool: call(options, toolbox, tool, arguments) for tool, arguments in calls.items()}
    if options.as_json:
        print_json({tool: answer.data for tool, answer in answers.items()})
    else:
        for number, (tool, answer) in enumerate(answers.items()):
            if number:
                print_page([Text()])
            show(options, toolbox, answer, calls[tool])
    return max(answer.exit_code for answer in answers.values())
