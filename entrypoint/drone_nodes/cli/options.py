"""Options and arguments that several commands have."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from ci_mcp_kit.errors import ServiceError

if TYPE_CHECKING:
    from drone_nodes.configuration.model import Configuration


def complete_service(incomplete: str) -> list[str]:
    """Return the services of the folder that begin so; asks no node."""
    with suppress(ServiceError):
        from drone_mcp_nodes_api.definitions.files import list_names  # noqa: PLC0415 - slow to load

        return [name for name in list_names(_configuration().services) if name.startswith(incomplete)]
    return []


def complete_node(incomplete: str) -> list[str]:
    """Return the nodes of the configuration that begin so."""
    with suppress(ServiceError):
        return [name for name in _configuration().endpoints if name.startswith(incomplete)]
    return []


def _configuration() -> Configuration:
    from drone_nodes.configuration.loading import find_path, load_configuration  # noqa: PLC0415 - slow to load

    return load_configuration(find_path(None, os.environ), os.environ)


Service = Annotated[
    str, typer.Argument(metavar="SERVICE", help="The name of the service.", autocompletion=complete_service)
]
AnyService = Annotated[
    str,
    typer.Argument(metavar="SERVICE", help="Only this service.", autocompletion=complete_service, show_default=False),
]
ServiceOrComponent = Annotated[
    str,
    typer.Argument(
        metavar="SERVICE[/COMPONENT]", help="A service, or one component of it.", autocompletion=complete_service
    ),
]
Node = Annotated[
    str | None,
    typer.Option("--node", "-n", metavar="NODE", help="Only this node.", autocompletion=complete_node),
]
RequiredNode = Annotated[
    str, typer.Option("--node", "-n", metavar="NODE", help="The node.", autocompletion=complete_node)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Replace containers that are as defined already, too.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")]
