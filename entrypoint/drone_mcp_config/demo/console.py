"""Prints the demo for a person at a terminal, or as plain lines into a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import OverflowMethod

    from drone_mcp_config.demo.agent import Act
    from drone_mcp_config.demo.processes import SimulatedDrone


class Pages:
    """Shows act after act on a console."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._count = 0

    def show(self, act: Act) -> None:
        """Show one act."""
        self._count += 1
        costs = [f"{act.seconds:.2f} s"] if act.seconds else []
        if act.tokens is not None:
            costs.append(f"{act.tokens} tokens")
        cost = f"  ({', '.join(costs)})" if costs else ""
        title = Text.assemble((f"{self._count}. {act.title}", "bold"), (cost, "dim"))
        self._console.print(title)
        self._line(act.asked, "cyan")
        for line in act.shown:
            hit = act.line is not None and line.strip().startswith((f"{act.line}>", f"{act.line}|"))
            self._line(line, "bold red" if hit else "default")
        self._console.print()

    def _line(self, text: str, style: str) -> None:
        """Print one line: cut to the terminal's width, whole into a pipe."""
        shown = Text(f"   {text}", style=style)
        # As arguments, because `print` joins texts into a new one without their options (Textualize/rich 15.0.0,
        # rich/console.py, `_collect_renderables`).
        overflow: OverflowMethod = "ellipsis" if self._console.is_terminal else "ignore"
        self._console.print(shown, no_wrap=True, overflow=overflow, crop=False)

    def close(self, act: Act) -> None:
        """Print the conclusion."""
        self._console.print(
            Text.assemble("Line ", (str(act.line), "bold red"), " of the failed step's log says why the build is red.")
        )

    def kept(self, drone: SimulatedDrone, folder: Path) -> None:
        """Print how to use the processes that keep running."""
        variables = " ".join(f"{name}={value}" for name, value in drone.environment.items())
        self._console.print("\nThe simulator and the receiver go on. Point Claude Code at them:", style="bold")
        self._console.print(Text(f"  cd {folder} && {variables} claude --mcp-config .mcp.json"), soft_wrap=True)
        pids = " ".join(str(process.pid) for process in drone.processes)
        self._console.print(Text(f"Stop them with: kill {pids}"))
