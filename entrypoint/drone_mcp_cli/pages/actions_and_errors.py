"""Changes of a build, answers without a page of their own, and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml
from rich.text import Text

from drone_mcp_cli.pages.parts import titled

if TYPE_CHECKING:
    from drone_mcp_cli.pages.parts import Page

_LOOKS: Final = {"done": ("✓", "green"), "partly_done": ("✗", "bold red"), "nothing_started": ("✗", "bold red")}


def action_page(data: dict[str, Any], _server: str) -> Page:
    """Return the page of a change, or of a rehearsal."""
    symbol, style = _LOOKS.get(data["outcome"], ("-", "yellow"))
    yield Text(f"{symbol} {data['message']}.", style=style)
    if data["outcome"] == "dry_run":
        yield from titled("Requests", data.get("requests", ()))
    yield from titled("Notes", data.get("notes", ()))


def plain_page(text: str, data: dict[str, Any]) -> Page:
    """Return the page of any answer: its own text, or its fields where that is JSON."""
    if text.startswith("{"):
        fields = {name: value for name, value in data.items() if name != "next_step"}
        text = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=10_000).rstrip("\n")
    yield Text(text.removesuffix(f"\nNext: {data.get('next_step')}"))


def notice_line(data: dict[str, Any]) -> Page:
    """Return the notice of an answer, such as about a token that the service does not know."""
    if notice := data.get("notice"):
        yield Text(f"Notice: {notice}", style="yellow")


def next_step_line(next_step: str) -> Page:
    """Return the next step, if there is one."""
    if next_step:
        yield Text.assemble(("Next: ", "bold"), f"{next_step.rstrip('.')}.")


def error_page(data: dict[str, Any], next_step: str) -> Page:
    """Return the page of an error: the cause, its code, and the next step."""
    yield Text.assemble(
        ("Error: ", "bold red"),
        f"{data['message']}{'' if data['message'].endswith(('.', '?')) else '.'} ",
        (f"({data['code']})", "dim"),
    )
    yield from notice_line(data.get("details", {}))
    yield from next_step_line(next_step)
