"""Pictures of a terminal for the pages, made from what commands have printed on one."""

from __future__ import annotations

import io
import re

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

COLUMNS = 80
# Without the fonts that Rich loads from elsewhere: a picture shows nothing of other sites.
FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def terminal_picture(printed: str, command: str, rows: int) -> str:
    """Return the first rows that a command has printed on a terminal as SVG, below the command itself."""
    console = Console(width=COLUMNS, file=io.StringIO(), record=True, force_terminal=True, color_system="truecolor")
    lines = Text.from_ansi(printed.replace("http://drone.test", "https://drone.example.com"), no_wrap=True).split("\n")
    console.print(Text.assemble(("$ ", "dim"), (command, "bold")))
    for line in lines[:rows]:
        line.rstrip()
        console.print(line, no_wrap=True, overflow="ellipsis")
    if len(lines) > rows:
        console.print(Text(f"… {len(lines) - rows} more lines", style="dim"))
    return console.export_svg(title=command, code_format=FORMAT, unique_id="terminal")
