"""A role and the user's choices -> the entries of one client's file, and what to tell the user about them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from ci_mcp_http.addresses import is_exposed
from ci_mcp_kit.variables import SettingsError
from drone_mcp_build.scope import RepoScope
from drone_mcp_build.settings import Settings
from drone_mcp_client.errors import InvalidInput
from drone_mcp_client.names import parse_repo
from drone_mcp_config.clients.formats import CLIENTS, ClientFormat, ClientName
from drone_mcp_config.errors import CannotExpress, UserError
from drone_mcp_config.plan.making import ADDRESS, REPO, PlanContext, make_plan
from drone_mcp_config.plan.model import PlannedServer, RolePlan, StdioServer
from drone_mcp_config.plan.tokens import TOKEN, token_variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from drone_mcp_config.clients.entries import Entry
    from drone_mcp_config.clients.folders import UserFolders
    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.roles.loading import Role
    from drone_mcp_config.template import Template


Transport = Literal["stdio", "http"]
SERVED_AT = "http://127.0.0.1:8080"


@dataclass(frozen=True)
class Choices:
    """What the user asked for beside the role.

    Attributes:
        address: Drone's address.
        transport: whether the client starts the servers, or finds them at `url`.
        own_token: whether the agent brings a Drone token of its own to servers that it finds.
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
        plan: what the client starts or reaches.
        entries: server name -> entry, in the role's order.
        notes: what the user has to know or do.
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
    _check_scope(role, context)
    plan = make_plan(role, installed, context)
    entries, left_out = _entries(plan, client)
    written = [server for server in plan.servers if server.name in entries]
    known = {} if client.desktop else environment
    hint = [client.hint] if client.hint else []
    return Configuration(client, plan, entries, (*left_out, *_to_do(written, context, known), *hint))


def make_plan_context(
    role: Role, installed: Servers, choices: Choices, folders: UserFolders, environment: Mapping[str, str]
) -> PlanContext:
    """Turn choices into a plan's context, filling in what a client that expands nothing has to have in writing.

    Raises:
        UserError: when a choice is wrong or missing.
    """
    if choices.transport == "http":
        return _served(choices)
    if choices.url or choices.own_token:
        raise UserError("--url and --own-token are for servers that run already: add --transport http.")
    bare = CLIENTS[choices.client].bare
    address = choices.address or (environment.get(ADDRESS) if bare else None)
    if bare and not address:
        raise UserError(
            f"{CLIENTS[choices.client].title} hands no environment variables to its servers, so its file has to say "
            f"where Drone is: add --server https://drone.example.com, or set {ADDRESS}."
        )
    files = {TOKEN: str(choices.token_file.expanduser().absolute())} if choices.token_file else {}
    if bare:
        files = {**_default_token_files(role, installed, folders, environment), **files}
    return PlanContext(
        interpreter=sys.executable,
        portable=choices.portable,
        address=_server(address) if address else None,
        repo=_repo(choices.repo) if choices.repo else None,
        token_files=files,
    )


def _served(choices: Choices) -> PlanContext:
    if choices.address or choices.portable:
        raise UserError("--server and --portable are for servers that the client starts: leave them out.")
    repo = _repo(choices.repo) if choices.repo else None
    return PlanContext(sys.executable, repo=repo, served=served_at(choices.url), own_token=choices.own_token)


def served_at(text: str | None) -> str:
    """Read the address of what serves a role; the usual one where nobody names another.

    Raises:
        UserError: it is none.
    """
    url = urlsplit(text or SERVED_AT)
    if url.scheme not in {"http", "https"} or not url.hostname or url.username or url.query or url.fragment:
        raise UserError(f"--url is {text!r}: it takes the address of what serves the role, like {SERVED_AT}.")
    return f"{url.scheme}://{url.netloc}{url.path.rstrip('/')}"


def _server(address: str) -> str:
    """Read an address as the servers will."""
    try:
        return Settings.from_environment({ADDRESS: address}).server
    except SettingsError as error:
        raise UserError(f"{error}.") from error


def _repo(text: str) -> str:
    try:
        return parse_repo(text).slug
    except InvalidInput as error:
        raise UserError(f"{error.message}. {error.next_step}.") from error


def _default_token_files(
    role: Role, installed: Servers, folders: UserFolders, environment: Mapping[str, str]
) -> dict[str, str]:
    """Say for each token variable which file holds it: the one that VARIABLE_FILE names, or one of our own."""
    folder = (folders.appdata if folders.windows else folders.config) / "drone-mcp"
    variables = {
        source
        for name, entry in role.servers.items()
        for source in token_variable(installed[name], entry).values()
    }  # fmt: skip
    return {
        variable: environment.get(f"{variable}_FILE") or str(folder / variable.lower().replace("_", "-"))
        for variable in sorted(variables)
    }


def _entries(plan: RolePlan, client: ClientFormat) -> tuple[dict[str, Entry], list[str]]:
    entries: dict[str, Entry] = {}
    left_out: list[str] = []
    for server in plan.servers:
        try:
            entries[server.name] = client.entry(server)
        except CannotExpress as error:
            if server.ours:
                raise UserError(f"{client.title} cannot take the server {server.name}: {error}.") from error
            left_out.append(f"Left out {server.name}, which {client.title} cannot take: {error}.")
    return entries, left_out


def _to_do(servers: Sequence[PlannedServer], context: PlanContext, environment: Mapping[str, str]) -> list[str]:
    """Name the variables that have to be set and are not yet, and the files to fill, over all servers."""
    templates = [template for server in servers for template in templates_of(server)]
    references = (reference for template in templates for reference in template.references)
    needed = dict.fromkeys(reference.name for reference in references if reference.default is None)
    unset = [name for name in needed if not environment.get(name)]
    literal = {template.parts[0] for template in templates if len(template.parts) == 1}
    notes = [
        f"{variable} is read from {file}: put the token there, readable by you alone (chmod 600)."
        for variable, file in context.token_files.items()
        if file in literal
    ]
    if unset:
        notes.append(f"Set {_and(unset)} where the client is started.")
    return [*notes, *_about_served(context)]


def _about_served(context: PlanContext) -> list[str]:
    """Say what a configuration that only points at servers cannot do."""
    notes = []
    if context.served and context.repo:
        notes.append(
            f"The served role is not told of {context.repo}: the agent names it, or {REPO} does where it runs."
        )
    if context.served and is_exposed(context.served):
        notes.append(f"{context.served} is plain http to another machine: tokens can be read on the way.")
    return notes


def templates_of(server: PlannedServer) -> Iterable[Template]:
    """Return every text of a server that may refer to variables."""
    if isinstance(server, StdioServer):
        return (server.command, *server.args, *server.env.values())
    return (server.url, *server.headers.values())


def _check_scope(role: Role, context: PlanContext) -> None:
    if context.repo and not RepoScope(role.repos).sees(context.repo):
        seen = ", ".join(role.repos)
        raise UserError(
            f"The role {role.name!r} sees {seen}, and {context.repo} (--repo, DRONE_REPO) is not among them."
        )


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
