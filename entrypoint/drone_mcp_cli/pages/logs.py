"""Parts of the logs of a build's steps, and what a search found in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from drone_mcp_cli.pages.parts import build_address, continued, facts, link, log_lines, status_text, titled

if TYPE_CHECKING:
    from drone_mcp_cli.pages.parts import Page


def logs_page(data: dict[str, Any], server: str) -> Page:
    """Return the page of logs that were read."""
    summary = f": {data['summary']}" if data.get("summary") else ""
    yield status_text(data.get("status", ""), f"{data['repo']} #{data['number']} {data.get('status', '')}{summary}")
    for log in data.get("logs", ()):
        yield Text()
        yield from _step(log, build_address(server, data["repo"], data["number"]))
        yield Text(_extent(log), style="dim")
        yield from log_lines(log.get("log", ""))
        yield from continued(log, cursor_back="Earlier lines", cursor="Later lines")
    yield from titled("Other steps" if data.get("logs") else "Steps", data.get("steps", ()))


def search_page(data: dict[str, Any], server: str) -> Page:
    """Return the page of matches in logs."""
    counts = f"{data['matches']} matching lines in {data['searched']} steps, {data['shown']} shown"
    yield status_text(data.get("status", ""), f"{data['repo']} #{data['number']} {data.get('status', '')}: {counts}")
    for result in data.get("results", ()):
        yield Text()
        yield from _step(result, build_address(server, data["repo"], data["number"]))
        yield Text(f"{result['matches']} matching, {result['shown']} shown", style="dim")
        yield from log_lines(result.get("log", ""))
    yield from titled("More matches", data.get("more", ()))
    yield from titled("Not searched", data.get("not_searched", ()))


def _step(step: dict[str, Any], build: str) -> Page:
    exit_code = f", exit {step['exit_code']}" if step.get("exit_code") else ""
    heading = f"{step['stage']}/{step['step']} {step.get('name', '')}: {step.get('status', '')}{exit_code}"
    yield status_text(step.get("status", ""), heading)
    if build:
        yield link(f"{build}/{step['stage']}/{step['step']}")
    yield from facts(step, note="Note")


def _extent(log: dict[str, Any]) -> str:
    if log.get("total_lines") is None:
        return ""
    so_far = " so far" if log.get("running") else ""
    if log.get("first_line") is None:
        return f"No lines shown of {log['total_lines']}{so_far}"
    return f"Lines {log['first_line']} to {log['last_line']} of {log['total_lines']}{so_far}"
