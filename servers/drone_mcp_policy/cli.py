"""`drone-mcp-policy replay`: try rules on recorded builds, before they are in force."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from ci_mcp_kit.typer_application import Application
from ci_mcp_kit.yaml_source import InvalidFile
from drone_mcp_policy.recordings import BadRecording, read_recording
from drone_mcp_policy.replay import drop_repeats, format_moment, replay
from drone_mcp_policy.rules_file import read_rules

if TYPE_CHECKING:
    from drone_mcp_policy.replay import Moment

app = Application(add_completion=False, help="Decides what to do next about Drone CI builds.")

WRONG_USE = 2  # the exit code of a wrong use, as that of click and typer
DIFFERENT = 1  # as that of diff(1)


@app.callback()
def policy() -> None:
    """Serve MCP over stdin and stdout without a command; or try rules."""


@app.command("replay")
def replay_command(
    events: Annotated[
        str, typer.Argument(help="Captured webhooks as JSON lines, or a state store: its file or its address.")
    ],
    rules: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The rule file to try; default: the shipped rules.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Show only where this rule file decides differently.")
    ] = None,
) -> None:
    """Show the decisions that the rules would have made. With --against, exits with 1 where two rule files differ."""
    try:
        files = [read_rules(rules), *([read_rules(against)] if against else [])]
        moments = list(drop_repeats(replay(read_recording(events), files)))
    except (InvalidFile, BadRecording) as error:
        for said in str(error).splitlines():
            typer.echo(f"drone-mcp-policy: {said}", err=True)
        raise typer.Exit(WRONG_USE) from error
    if against is None:
        for moment in moments:
            typer.echo(format_moment(moment, moment.decisions[0]))
        typer.echo(f"{len(moments)} decisions on {_builds(moments)} builds", err=True)
        return
    disputed = [moment for moment in moments if moment.is_disputed]
    _print_differences(disputed, (str(rules or "the shipped rules"), str(against)))
    raise typer.Exit(DIFFERENT if disputed else 0)


def _print_differences(disputed: list[Moment], names: tuple[str, str]) -> None:
    if disputed:
        typer.echo(f"--- {names[0]}\n+++ {names[1]}")
    for moment in disputed:
        for sign, decision in zip("-+", moment.decisions, strict=True):
            typer.echo(f"{sign} {format_moment(moment, decision)}")
    typer.echo(f"{len(disputed)} decisions differ, on {_builds(disputed)} builds", err=True)


def _builds(moments: list[Moment]) -> int:
    return len({(moment.snapshot.repo, moment.snapshot.build.number) for moment in moments})
