"""Since when a branch fails, which steps fail without a change, and what differs between two builds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from ci_mcp_kit.sentences import begin_sentence
from drone_mcp_cli.pages.parts import facts, log_lines, titled

if TYPE_CHECKING:
    from drone_mcp_cli.pages.parts import Page


def regression_page(data: dict[str, Any], _server: str) -> Page:
    """Return the page of a regression."""
    yield Text(f"{data['repo']} {data['branch']}", style="bold")
    yield Text(f"{begin_sentence(data['summary'])}.")
    yield from titled("Builds, newest first", data.get("builds", ()))
    before = ", ".join(f"#{number}" for number in data.get("seen_before", ()))
    yield from facts({"before": before}, before="The same failure before the last good build")
    yield from facts(data, signature="Signature", note="Note", compare_link="Commits", looked_at="Looked at")


def flaky_page(data: dict[str, Any], _server: str) -> Page:
    """Return the page of flaky steps."""
    yield Text(f"{data['repo']}, flaky steps", style="bold")
    yield Text(f"{begin_sentence(data['summary'])}.")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("step", no_wrap=True)
    table.add_column("failed", no_wrap=True)
    table.add_column("rate", no_wrap=True)
    table.add_column("builds", overflow="fold")
    for step in data.get("steps", ()):
        rate = f"{step['percent']:g} % ({step['low']:g} to {step['high']:g} %)"
        name = f"{step['name']} (ignored)" if step.get("ignored") else step["name"]
        table.add_row(Text(name), f"{step['failed']} of {step['runs']}", rate, Text("\n".join(step.get("builds", ()))))
    if data.get("steps"):
        yield table
    yield from facts(data, looked_at="Looked at", left_out="Left out")


def comparison_page(data: dict[str, Any], _server: str) -> Page:
    """Return the page of a comparison of two builds."""
    one, other = (f"#{build['number']} {build.get('status', '')}" for build in data["builds"])
    yield Text(f"{data['repo']}: {one} against {other}", style="bold")
    yield Text(f"{begin_sentence(data['summary'])}.")
    yield from titled("Steps that changed", data.get("changed", ()))
    if new := data.get("new"):
        count = f": {new['lines']} lines, {new['shown']} shown" if new.get("lines") is not None else ""
        yield Text(f"New in the log of {new['step']}{count}", style="bold")
        yield from facts(new, note="Note")
        yield from log_lines(new.get("log", ""))
    yield from facts(data, compare_link="Commits")
