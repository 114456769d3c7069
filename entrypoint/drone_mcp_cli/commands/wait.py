"""`drone-mcp wait`: follows a build to its end, with its steps as they run."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.live import Live
from rich.text import Text

from ci_mcp_kit.terminal import console_on
from drone_mcp_cli import exit_codes
from drone_mcp_cli.calling import Answer, run_until_done, running
from drone_mcp_cli.commands.command_runner import show
from drone_mcp_cli.pages.builds import build_page
from drone_mcp_cli.pages.printing import print_page
from drone_mcp_cli.tool_names import BUILD, WAIT

if TYPE_CHECKING:
    from drone_mcp_cli.calling import Caller
    from drone_mcp_cli.commands.command_runner import Options

FIRST_SECONDS, MORE_SECONDS = 1, 45  # that a call waits: the first one is soon shown


def run(options: Options, arguments: dict[str, Any]) -> int:
    """Follow a build; the exit code says whether it ended green."""
    toolbox = options.toolbox()
    screen = _Silent() if options.as_json else _Screen() if sys.stdout.isatty() else _Lines()

    async def main() -> Answer:
        async with running(toolbox, WAIT, None) as caller:
            with screen:
                return await _follow(caller, arguments, screen)

    answer: Answer = run_until_done(main)
    if answer.failed or options.as_json:
        show(options, toolbox, answer, arguments)
    else:
        build = {**answer.data["build"], "next_step": answer.data.get("next_step", "")}
        show(options, toolbox, Answer(BUILD, build, server=answer.server), arguments)
    is_green = not answer.failed and answer.data["build"]["status"] == "success"
    return answer.exit_code if answer.failed else exit_codes.DONE if is_green else exit_codes.RED


async def _follow(caller: Caller, arguments: dict[str, Any], screen: _Silent) -> Answer:
    """Call the tool until the build has ended, or the tool fails."""
    asked = {**arguments, "until": "change", "max_seconds": FIRST_SECONDS}
    while True:
        answer = await caller.call(WAIT, asked)
        if answer.failed:
            return answer
        screen.update(answer.data)
        if answer.data["finished"]:
            return answer
        build = answer.data["build"]
        # By number, as a newer build may begin meanwhile.
        asked = {"repo": build["repo"], "number": build["number"], "cursor": answer.data["cursor"]}
        asked |= {"until": "change", "max_seconds": MORE_SECONDS}


class _Silent:
    """Shows nothing."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End."""

    def update(self, answer: dict[str, Any]) -> None:
        """Take what the tool has answered."""


class _Lines(_Silent):
    """Writes how the build stands at first, and then each change, in lines."""

    def __init__(self) -> None:
        self._has_begun = False

    def update(self, answer: dict[str, Any]) -> None:
        """Write the changes."""
        lines = [*answer.get("changes", ())]
        if not self._has_begun:
            build = answer["build"]
            lines.insert(0, f"{build['repo']} #{build['number']} {build['headline']}")
        self._has_begun = True
        print_page(map(Text, lines))


class _Screen(_Silent):
    """Draws the build with its stages and steps, and how long each has run; clears it at the end."""

    def __init__(self) -> None:
        self._build: dict[str, Any] = {}
        self._at = 0.0
        self._live = Live(console=console_on(sys.stdout), get_renderable=self._draw, transient=True)

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def update(self, answer: dict[str, Any]) -> None:
        """Draw the build as it is now."""
        self._build, self._at = answer["build"], time.monotonic()
        self._live.refresh()

    def _draw(self) -> Group:
        if not self._build:
            return Group(Text("Asking ...", style="dim"))
        return Group(*build_page(self._build, "", time.monotonic() - self._at))
