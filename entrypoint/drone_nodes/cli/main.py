"""The command line: what is done with services. `groups` has the commands that have commands."""

import importlib.metadata
from pathlib import Path
from typing import Annotated

import typer

from ci_mcp_kit.typer_application import Application
from drone_nodes import exit_codes
from drone_nodes.cli.command_runner import run
from drone_nodes.cli.groups import node_app, secret_app, service_app
from drone_nodes.cli.options import (
    AnyService,
    AsJson,
    DryRun,
    Follow,
    Force,
    Node,
    Service,
    ServiceOrComponent,
    Yes,
)
from drone_nodes.commands import changing, files, reading, streams
from drone_nodes.service_lookup import Target

PROGRAM = "drone-nodes"
HELP = """See what runs on container nodes, roll it out, and take it back.

drone-nodes list   shows the services of all nodes.

The configuration is ~/.config/drone-nodes/config.toml, or the file that MCP_CONFIG names. Into a pipe, the output is
plain text.
"""

app = Application(name=PROGRAM, help=HELP, epilog=exit_codes.MEANINGS, no_args_is_help=True)
app.add_typer(service_app, name="service")
app.add_typer(secret_app, name="secret")
app.add_typer(node_app, name="node")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {importlib.metadata.version('drone-mcp')}")
        raise typer.Exit


@app.callback()
def drone_nodes(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="The configuration file.", show_default=False)
    ] = None,
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """See what runs on container nodes (the help is HELP)."""
    context.obj = config


@app.command("login")
def log_in(context: typer.Context) -> None:
    """Save a token: of the identity server in [auth], of standard input, or of a prompt."""
    from drone_nodes.commands import login  # noqa: PLC0415 - loads an HTTP client, which takes as long as all the rest

    run(context, login.log_in)


@app.command("list")
def list_services(context: typer.Context, node: Node = None, as_json: AsJson = False) -> None:
    """Show the services of all nodes, as their registries know them."""
    run(context, lambda session: reading.list_services(session, node, as_json=as_json), as_json=as_json)


@app.command()
def ps(context: typer.Context, service: AnyService = "", node: Node = None, as_json: AsJson = False) -> None:
    """Show the containers of all nodes, as they are now."""
    run(context, lambda session: reading.list_containers(session, service, node, as_json=as_json), as_json=as_json)


@app.command()
def status(
    context: typer.Context,
    service: Service,
    node: Node = None,
    events: Annotated[int, typer.Option("--events", metavar="N", help="How many events.", min=0, max=1000)] = 10,
    as_json: AsJson = False,
) -> None:
    """Show how a service stands and why: differences from its definition in red, recent events."""
    run(
        context,
        lambda session: reading.show_status(session, service, node, events=events, as_json=as_json),
        as_json=as_json,
    )


@app.command()
def plan(
    context: typer.Context,
    service: ServiceOrComponent,
    node: Node = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Show what a deployment would do."""
    target = Target.parse(service)
    run(
        context,
        lambda session: reading.show_plan(session, target, node, force=force, as_json=as_json),
        as_json=as_json,
    )


@app.command()
def deploy(
    context: typer.Context,
    service: ServiceOrComponent,
    node: Node = None,
    force: Force = False,
    fingerprint: Annotated[
        str, typer.Option("--plan", metavar="PLAN", help="Do exactly what this plan says, or nothing.")
    ] = "",
    keep: Annotated[bool, typer.Option("--keep-on-failure", help="Leave a failed container, do not go back.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", metavar="SECONDS", help="For all of it.", min=1)] = 600,
    as_json: AsJson = False,
) -> None:
    """Deploy a service; the old containers come back if a new one does not become healthy."""
    target = Target.parse(service)
    run(
        context,
        lambda session: changing.deploy(
            session,
            target,
            node,
            force=force,
            plan=fingerprint,
            keep_on_failure=keep,
            seconds=timeout,
            as_json=as_json,
        ),
        as_json=as_json,
    )


@app.command()
def stop(context: typer.Context, service: ServiceOrComponent, node: Node = None, as_json: AsJson = False) -> None:
    """Stop a service, and write `active = false` into its definition."""
    target = Target.parse(service)
    run(
        context,
        lambda session: changing.set_active(session, target, node, active=False, as_json=as_json),
        as_json=as_json,
    )


@app.command()
def start(context: typer.Context, service: ServiceOrComponent, node: Node = None, as_json: AsJson = False) -> None:
    """Start a service, and write `active = true` into its definition."""
    target = Target.parse(service)
    run(
        context,
        lambda session: changing.set_active(session, target, node, active=True, as_json=as_json),
        as_json=as_json,
    )


@app.command()
def restart(context: typer.Context, service: ServiceOrComponent, node: Node = None, as_json: AsJson = False) -> None:
    """Restart the containers of a service."""
    target = Target.parse(service)
    run(context, lambda session: changing.restart(session, target, node, as_json=as_json), as_json=as_json)


@app.command()
def rollback(
    context: typer.Context,
    service: Service,
    revision: Annotated[
        int, typer.Option("--revision", metavar="N", help="Not the one before, but this one.", min=0)
    ] = 0,
    node: Node = None,
    as_json: AsJson = False,
) -> None:
    """Deploy the revision before the current one."""
    run(
        context,
        lambda session: changing.roll_back(session, service, node, revision=revision, as_json=as_json),
        as_json=as_json,
    )


@app.command()
def revisions(
    context: typer.Context,
    service: Service,
    node: Node = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="How many.", min=1, max=200)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what was deployed, newest first."""
    run(
        context,
        lambda session: reading.list_revisions(session, service, node, limit=limit, as_json=as_json),
        as_json=as_json,
    )


@app.command()
def remove(
    context: typer.Context, service: Service, node: Node = None, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Remove the containers of a service, and have its node forget it. Its definition and files stay."""
    run(context, lambda session: changing.remove(session, service, node, agreed=yes, as_json=as_json), as_json=as_json)


@app.command()
def sync(context: typer.Context, node: Node = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Send nodes the definitions of the services folder, and stop inactive services. Deploys nothing."""
    run(context, lambda session: changing.synchronise(session, node, dry_run=dry_run, as_json=as_json), as_json=as_json)


@app.command()
def adopt(
    context: typer.Context,
    service: Service,
    node: Node = None,
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="PREFIX", help="Of the containers' names, if not the service's name.")
    ] = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Manage containers that are on a node already as a service."""
    run(
        context,
        lambda session: changing.adopt(session, service, node, prefix=prefix, dry_run=dry_run, as_json=as_json),
        as_json=as_json,
    )


@app.command()
def push(
    context: typer.Context,
    service: Service,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of this machine.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="Below /srv/SERVICE; by default the file's name.")] = "",
    node: Node = None,
    as_json: AsJson = False,
) -> None:
    """Copy a file into the folder of a service on its node."""
    run(context, lambda session: files.push(session, service, file, path, node, as_json=as_json), as_json=as_json)


@app.command()
def pull(
    context: typer.Context,
    service: Service,
    path: Annotated[str, typer.Argument(metavar="PATH", help="Below /srv/SERVICE.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="By default, of the same name here; - prints it.")
    ] = None,
    node: Node = None,
) -> None:
    """Copy a file from the folder of a service on its node."""
    run(context, lambda session: files.pull(session, service, path, file, node))


@app.command()
def logs(
    context: typer.Context,
    service: ServiceOrComponent,
    tail: Annotated[int, typer.Option("--tail", metavar="LINES", help="The last lines.", min=1, max=10_000)] = 100,
    since: Annotated[str, typer.Option("--since", metavar="DURATION", help="Such as 10m or 2h.")] = "",
    follow: Follow = False,
    node: Node = None,
) -> None:
    """Print the log of a service."""
    target = Target.parse(service)
    run(context, lambda session: streams.print_logs(session, target, node, tail=tail, since=since, follow=follow))


@app.command()
def events(
    context: typer.Context,
    service: AnyService = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="How many.", min=1, max=1000)] = 20,
    follow: Follow = False,
    node: Node = None,
    as_json: AsJson = False,
) -> None:
    """Print what happened on the nodes."""
    run(
        context,
        lambda session: streams.print_events(session, service, node, limit=limit, follow=follow, as_json=as_json),
        as_json=as_json,
    )
