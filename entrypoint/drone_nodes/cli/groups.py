"""The commands that have commands: `service`, `secret` and `node`."""

from typing import Annotated

import typer

from ci_mcp_kit.typer_application import Application
from drone_nodes.cli.command_runner import config_path, guard_errors, run
from drone_nodes.cli.options import AsJson, Node, RequiredNode, Service, complete_node
from drone_nodes.commands import definitions, nodes, secrets
from drone_nodes.configuration.editing import add_node, remove_node

service_app = Application(no_args_is_help=True, help="Show, edit and export the definitions of services.")
secret_app = Application(no_args_is_help=True, help="Put secrets on a node; containers get them as files.")
node_app = Application(no_args_is_help=True, help="The nodes of the configuration.")

SecretName = Annotated[str, typer.Argument(metavar="NAME", help="The name of the secret.")]


@service_app.command("show")
def show_service(context: typer.Context, service: Service, node: Node = None, as_json: AsJson = False) -> None:
    """Print the definition of a service: its file, else what its node's registry has."""
    run(context, lambda session: definitions.show(session, service, node, as_json=as_json), as_json=as_json)


@service_app.command("edit")
def edit_service(context: typer.Context, service: Service, node: Node = None) -> None:
    """Open the definition of a service in $EDITOR; where there is no file, export it first."""
    run(context, lambda session: definitions.edit(session, service, node))


@service_app.command("export")
def export_service(
    context: typer.Context,
    service: Service,
    node: Node = None,
    replace: Annotated[bool, typer.Option("--replace", help="Change the file that is there; comments stay.")] = False,
) -> None:
    """Write the definition that a node's registry has into the services folder."""
    run(context, lambda session: definitions.export(session, service, node, replace=replace))


@secret_app.command("put")
def put_secret(context: typer.Context, name: SecretName, node: RequiredNode) -> None:
    """Put a secret on a node: the value comes from standard input, or from a hidden prompt."""
    run(context, lambda session: secrets.put(session, name, node))


@secret_app.command("list")
def list_secrets(context: typer.Context, node: RequiredNode, as_json: AsJson = False) -> None:
    """Show the names of the secrets on a node."""
    run(context, lambda session: secrets.list_secrets(session, node, as_json=as_json), as_json=as_json)


@secret_app.command("remove")
def remove_secret(context: typer.Context, name: SecretName, node: RequiredNode) -> None:
    """Remove a secret from a node."""
    run(context, lambda session: secrets.remove(session, name, node))


@node_app.command("list")
def list_nodes(context: typer.Context, as_json: AsJson = False) -> None:
    """Show the nodes, whether they answer, and who you are there."""
    run(context, lambda session: nodes.list_nodes(session, as_json=as_json), as_json=as_json)


@node_app.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As definitions name the node.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="HOST, or HOST:PORT if not port 7443.")],
    ca_file: Annotated[
        str, typer.Option("--ca-file", metavar="FILE", help="The authority of its certificate.", show_default=False)
    ] = "",
    certificate_file: Annotated[
        str, typer.Option("--certificate-file", metavar="FILE", help="Your certificate.", show_default=False)
    ] = "",
    key_file: Annotated[
        str, typer.Option("--key-file", metavar="FILE", help="The key of your certificate.", show_default=False)
    ] = "",
) -> None:
    """Add a node to the configuration."""
    entry = {
        "name": name,
        "address": address,
        "ca_file": ca_file,
        "certificate_file": certificate_file,
        "key_file": key_file,
    }
    guard_errors(lambda: add_node(config_path(context), entry))


@node_app.command("remove")
def remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The node.", autocompletion=complete_node)],
) -> None:
    """Remove a node from the configuration; nothing changes on the node."""
    guard_errors(lambda: remove_node(config_path(context), name))
