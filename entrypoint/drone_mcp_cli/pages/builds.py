"""Builds: one with its stages and steps, and lists of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from ci_mcp_kit.sentences import begin_sentence
from drone_mcp_cli.pages.parts import build_address, continued, duration, facts, link, status_text

if TYPE_CHECKING:
    from drone_mcp_cli.pages.parts import Page


def builds_page(data: dict[str, Any], server: str) -> Page:
    """Return the page of a list of builds."""
    yield Text(data["repo"], style="bold")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("build", "status", "branch"):
        table.add_column(title, no_wrap=True)
    table.add_column("title", overflow="fold")
    for title in ("author", "started", "took"):
        table.add_column(title, no_wrap=True)
    for build in data["builds"]:
        address = build_address(server, data["repo"], build["number"])
        table.add_row(
            Text(f"#{build['number']}", style=f"link {address}" if address else ""),
            status_text(build["status"]),
            Text(_origin(build)),
            Text(build.get("title", "")),
            Text(build.get("author", "")),
            local_time(build.get("when")),
            duration(build["seconds"]) if build.get("seconds") is not None else "",
        )
    yield table if data["builds"] else Text("No builds.")
    yield from facts(data, looked_at="Looked at", left_out="Left out")
    yield from continued(data, cursor="More")


def repos_page(data: dict[str, Any], server: str) -> Page:
    """Return the page of a list of repositories."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("repository", no_wrap=True)
    table.add_column("newest build", no_wrap=True)
    table.add_column("title", overflow="fold")
    for repo in data["repos"]:
        newest = repo.get("latest") or {}
        status = status_text(newest["status"], f"#{newest['number']} {newest['status']}") if newest else Text("none")
        address = build_address(server, repo["repo"])
        table.add_row(Text(repo["repo"], style=f"link {address}" if address else ""), status, newest.get("title", ""))
    yield table if data["repos"] else Text("No repositories.")
    yield from facts(data, left_out="Left out", note="Note")


def build_page(data: dict[str, Any], _server: str, passed: float = 0.0) -> Page:
    """Return the page of a build; `passed` are the seconds since it was read, for what is running."""
    heading = f"{data['repo']} #{data['number']} {data['status']}"
    yield status_text(data["status"], heading)
    yield link(data["page"])
    yield Text.assemble(data.get("title", ""), (f"  {_origin(data)} {data.get('author', '')}", "dim"))
    # The headline of a running build has its duration, which goes on here.
    if data["status"] != "running":
        yield Text(f"{begin_sentence(data['headline'])}.")
    if data.get("stages"):
        table = Table.grid(padding=(0, 2))
        for stage in data["stages"]:
            waits = f"waits for {', '.join(stage['waits_for'])}" if stage.get("waits_for") else ""
            remarks = [waits, stage.get("error"), stage.get("note"), stage.get("folded")]
            name = status_text(stage["status"], f"{stage['stage']} {stage['name']}")
            table.add_row(name, _took(stage, passed), Text("; ".join(remark for remark in remarks if remark)))
            for step in stage.get("steps", ()):
                exit_code = f"exit {step['exit_code']}" if step.get("exit_code") else ""
                remarks = [exit_code, step.get("error"), step.get("note")]
                name = Text.assemble("  ", status_text(step["status"], f"{step['step']} {step['name']}"))
                table.add_row(name, _took(step, passed), Text("; ".join(remark for remark in remarks if remark)))
        yield table
    yield from facts(data, left_out="Left out", note="Note")


def _took(part: dict[str, Any], passed: float) -> Text:
    if part.get("seconds") is None:
        return Text("" if part["status"] in {"success", "running"} else part["status"].replace("_", " "), style="dim")
    more = passed if part["status"] == "running" else 0.0
    return Text(duration(part["seconds"] + more), style="dim")


def _origin(build: dict[str, Any]) -> str:
    if build.get("pull_request"):
        return f"pull request {build['pull_request']}"
    return str(build.get("tag") or build.get("branch", ""))


def local_time(when: str | None) -> str:
    """Return a time of an answer on the clock of this machine."""
    if not when:
        return ""
    return f"{datetime.fromisoformat(when).astimezone():%Y-%m-%d %H:%M}"
