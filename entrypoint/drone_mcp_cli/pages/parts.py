"""The parts that pages share: statuses, durations, links, lines of a log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from rich.console import RenderableType

    Page = Iterator[RenderableType]

_LOOKS: Final = {
    "success": ("✓", "green"),
    "failure": ("✗", "bold red"),
    "error": ("✗", "bold red"),
    "killed": ("✗", "bold red"),
    "declined": ("✗", "red"),
    "running": ("●", "cyan"),
    "pending": ("○", "yellow"),
    "blocked": ("○", "magenta"),
    "skipped": ("-", "dim"),
}
_UNKNOWN: Final = ("○", "dim")
_ROW: Final = re.compile(r"^( *\d+)([|>~]) ?(.*)$")
_LEFT_OUT: Final = re.compile(r"^<<<log \w+, (.*)$")


def status_text(status: str, words: str | None = None) -> Text:
    """Return a status with its symbol, in its colour; `words` in the place of the status."""
    symbol, style = _LOOKS.get(status, _UNKNOWN)
    return Text(f"{symbol} {status if words is None else words}", style=style)


def link(url: str) -> Text:
    """Return an address that can be clicked where the terminal knows how."""
    return Text(url, style=f"dim link {url}", overflow="fold")


def build_address(server: str, repo: str, *numbers: object) -> str:
    """Return the page of a build, or of a step by the numbers of the build, its stage and itself; "" without a server.

    Source: drone/drone-ui v2.11, the routes of the user interface (`/:namespace/:name/:build/:stage/:step`).
    """
    return "/".join([server, repo, *map(str, numbers)]) if server else ""


def duration(seconds: float) -> str:
    """Return a duration in the two units that matter."""
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def titled(title: str, lines: Iterable[str]) -> Page:
    """Return lines below their title; nothing where there are none."""
    found = list(lines)
    if found:
        yield Text(f"{title}:", style="bold")
    for line in found:
        yield Padding.indent(Text(line), 2)


def facts(data: Mapping[str, Any], **labels: str) -> Page:
    """Return the fields of an answer that have a value, each in a line with its label."""
    for name, label in labels.items():
        if value := data.get(name):
            yield Text.assemble((f"{label}: ", "dim"), str(value))


def continued(data: Mapping[str, Any], **labels: str) -> Page:
    """Return how to go on where an answer ended, for each cursor that it has."""
    yield from facts({name: f"--cursor {data[name]}" for name in labels if data.get(name)}, **labels)


def log_lines(log: str, key_lines: Collection[int] = ()) -> Page:
    """Return the lines of a framed log with their numbers; key lines and matches are highlighted and marked with >."""
    _, *rows, _ = log.split("\n") if log else ("", "")
    if stamps := _LEFT_OUT.match(log.partition("\n")[0]):
        yield Text(f"({stamps[1]})", style="dim")
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, justify="right")
    table.add_column(overflow="fold")
    for row in rows:
        found = _ROW.match(row)
        if found is None:
            table.add_row(Text("...", style="dim"), Text(""))
            continue
        number, mark, text = found.groups()
        text = text.expandtabs()  # Rich measures a tab as narrower than it is
        is_key = mark == ">" or int(number) in key_lines
        shown = ">" if is_key else mark
        style = "bold red" if is_key else ""
        table.add_row(Text(f"{number.strip()}{shown}", style=style or "dim"), Text(text, style=style))
    if rows:
        yield table
