"""Makes the entries of one client's file from a role and the user's choices, and notes for the user."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from ci_mcp_http.addresses import is_exposed
from drone_mcp_config.clients.formats import CLIENTS, ClientFormat, ClientName
from drone_mcp_config.drone import service as drone
from drone_mcp_config.errors import CannotExpress, UserError
from drone_mcp_config.installation.uvx import uvx_command
from drone_mcp_config.plan.making import PlanContext, make_plan
from drone_mcp_config.plan.token_variables import token_sources
from drone_mcp_config.roles.loading import narrow_role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drone_mcp_config.clients.entries import Entry
    from drone_mcp_config.clients.folders import UserFolders
    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.plan.model import PlannedServer, RolePlan
    from drone_mcp_config.roles.loading import Role


Transport = Literal["stdio", "http"]
SERVED_AT = "http://127.0.0.1:8080"  # where `serve` listens by default


@dataclass(frozen=True)
class Choices:
    """The options of a configuration; the role is not one of them.

    Attributes:
        address: Drone's address.
        transport: whether the client starts the servers, or finds them at `url`.
        own_token: whether the agent sends tokens of its own to servers that it finds.
    """

    client: ClientName = "claude"
    portable: bool = False
    address: str | None = None
    repo: str | None = None
    token_file: Path | None = None
    transport: Transport = "stdio"
    url: str | None = None
    own_token: bool = False


@dataclass(frozen=True)
class Configuration:
    """A role as one client wants it.

    Attributes:
        entries: server name -> entry, in the role's order.
        notes: for the user, a sentence each.
    """

    client: ClientFormat
    plan: RolePlan
    entries: dict[str, Entry]
    notes: tuple[str, ...]


def make_configuration(
    role: Role, installed: Servers, choices: Choices, folders: UserFolders, environment: Mapping[str, str]
) -> Configuration:
    """Write a role for one client.

    Raises:
        UserError: when a choice is wrong, or the client's format cannot say what one of our servers needs.
    """
    context = make_plan_context(role, installed, choices, folders, environment)
    return make_configuration_in(context, role, installed, CLIENTS[choices.client], environment)


def make_configuration_in(
    context: PlanContext, role: Role, installed: Servers, client: ClientFormat, environment: Mapping[str, str]
) -> Configuration:
    """Write a role for one client, in a context that is known.

    Raises:
        UserError: the role does not see the repository, or the client's format lacks what a server of ours needs.
    """
    if context.repo and not drone.is_in_scope(context.repo, role.repos):
        raise UserError(
            f"The role {role.name!r} sees {', '.join(role.repos)}, and {context.repo} (--repo, {drone.REPO}) is not "
            "among them."
        )
    role = narrow_role(role, installed, environment)
    plan = make_plan(role, installed, context)
    entries: dict[str, Entry] = {}
    notes = [
        f"Left out {installed[name].server}: {' or '.join(addresses)} is not set here."
        for name, addresses in role.left_out.items()
    ]
    notes += [f"Not added: {reason}." for reason in plan.not_held]
    for server in plan.servers:
        try:
            entries[server.name] = client.entry(server)
        except CannotExpress as error:
            # Without a server of others, an agent may still do its work.
            if server.ours:
                raise UserError(f"{client.title} cannot take the server {server.name}: {error}.") from error
            notes.append(f"Left out {server.name}, which {client.title} cannot take: {error}.")
    written = [server for server in plan.servers if server.name in entries]
    # What is set in this shell says nothing about a client that is started from a desktop.
    notes += _things_to_set(written, context, {} if client.desktop else environment)
    notes += _limits_of_served(context)
    if client.hint:
        notes.append(client.hint)
    return Configuration(client, plan, entries, tuple(notes))


def make_plan_context(
    role: Role, installed: Servers, choices: Choices, folders: UserFolders, environment: Mapping[str, str]
) -> PlanContext:
    """Turn choices into a plan's context; for a client that expands nothing, write out what would be a reference.

    Raises:
        UserError: when a choice is wrong or missing.
    """
    if choices.transport == "http":
        if choices.address or choices.portable:
            raise UserError("--server and --portable are for servers that the client starts: leave them out.")
        repo = drone.read_repo(choices.repo) if choices.repo else None
        return PlanContext(sys.executable, repo=repo, served=served_at(choices.url), own_token=choices.own_token)
    if choices.url or choices.own_token:
        raise UserError("--url and --own-token are for servers that run already: add --transport http.")
    addresses = {drone.ADDRESS: choices.address} if choices.address else {}
    files = {drone.TOKEN: str(choices.token_file.expanduser().absolute())} if choices.token_file else {}
    if CLIENTS[choices.client].bare:
        role = narrow_role(role, installed, environment)
        addresses = _known_addresses(role, installed, CLIENTS[choices.client], addresses, environment)
        files = _default_token_files(role, installed, folders, environment) | files
    if drone.ADDRESS in addresses:
        addresses[drone.ADDRESS] = drone.read_address(addresses[drone.ADDRESS])
    return PlanContext(
        interpreter=sys.executable,
        portable=choices.portable,
        uvx=() if choices.portable else uvx_command(),
        addresses=addresses,
        repo=drone.read_repo(choices.repo) if choices.repo else None,
        token_files=files,
    )


def served_at(text: str | None) -> str:
    """Read the address at which a role is served; the usual one where none is given.

    Raises:
        UserError: it is none.
    """
    url = urlsplit(text or SERVED_AT)
    # A user name would come with a password, and no file of a client may hold one.
    if url.scheme not in {"http", "https"} or not url.hostname or url.username or url.query or url.fragment:
        raise UserError(f"--url is {text!r}: it takes the address of what serves the role, like {SERVED_AT}.")
    return f"{url.scheme}://{url.netloc}{url.path.rstrip('/')}"


def _known_addresses(
    role: Role, installed: Servers, client: ClientFormat, chosen: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, str]:
    """Return address variable -> address for a client whose file has to have every address in writing.

    Raises:
        UserError: the address of a service of the role is known from nowhere.
    """
    addresses = dict(chosen)
    for service in (service for name in role.servers for service in installed[name].services):
        address = addresses.get(service.address) or environment.get(service.address)
        if not address and service.optional:
            continue
        if not address:
            option = "add --server https://drone.example.com, or " if service.address == drone.ADDRESS else ""
            raise UserError(
                f"{client.title} passes no environment variables to its servers, so its file has to say "
                f"where {service.name} is: {option}set {service.address}."
            )
        addresses[service.address] = address
    return addresses


def _default_token_files(
    role: Role, installed: Servers, folders: UserFolders, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return token variable -> the file that holds it: the one that VARIABLE_FILE names, or one of our own."""
    return {
        variable: environment.get(f"{variable}_FILE") or str(folders.token_file(variable))
        for variable in sorted(token_sources(role, installed))
    }


def _things_to_set(servers: Sequence[PlannedServer], context: PlanContext, environment: Mapping[str, str]) -> list[str]:
    """Name the files to fill, and the variables that have to be set and are not yet, over all servers."""
    templates = [template for server in servers for template in server.templates]
    references = (reference for template in templates for reference in template.references)
    needed = dict.fromkeys(reference.name for reference in references if reference.default is None)
    unset = [name for name in needed if not environment.get(name)]
    literal = {template.parts[0] for template in templates if len(template.parts) == 1}
    notes = [
        f"{variable} is read from {file}: write the token to this file, and let only you read it (chmod 600)."
        for variable, file in context.token_files.items()
        if file in literal and not Path(file).exists()
    ]
    if unset:
        *others, last = unset
        names = f"{', '.join(others)} and {last}" if others else last
        notes.append(f"Set {names} where the client is started.")
    return notes


def _limits_of_served(context: PlanContext) -> list[str]:
    """Return notes about the limits of a configuration that only points at servers."""
    notes = []
    if context.served and context.repo:
        notes.append(
            f"The served role does not get {context.repo}: the agent names it, or {drone.REPO} does where it runs."
        )
    if context.served and is_exposed(context.served):
        notes.append(f"{context.served} is plain http to another machine: tokens can be read on the way.")
    return notes
