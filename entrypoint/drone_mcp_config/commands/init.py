"""`drone-mcp-config init`: asks what a configuration needs, tests each answer, writes the file, and runs doctor.

Nothing is written before the last answer.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import anyio
import typer

from ci_mcp_kit.gitremote import remote_repo
from ci_mcp_kit.variables import SettingsError
from drone_mcp_build.settings import Settings
from drone_mcp_config.checking.check_result import cleaner_for
from drone_mcp_config.clients.atomic_file import SECRET_FILE, update_text
from drone_mcp_config.clients.configuration_builder import Choices
from drone_mcp_config.clients.folders import UserFolders
from drone_mcp_config.clients.formats import CLIENTS, ClientName
from drone_mcp_config.commands import configure, doctor
from drone_mcp_config.drone import service as drone
from drone_mcp_config.errors import UserError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.delegated_servers import Delegation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from drone_mcp_config.checking.check_result import Check

T = TypeVar("T")

QUESTIONS = 5
USUAL_ROLE = "dev"


@dataclass(frozen=True)
class Given:
    """The answers that options give; None: asked for."""

    address: str | None = None
    token_file: Path | None = None
    client: ClientName | None = None
    role: str | None = None
    repo: str | None = None


@dataclass(frozen=True)
class Token:
    """Where the servers read the token: a file, or the variable for it. `typed` is yet to be written to the file."""

    file: Path | None
    typed: str = ""

    def environment(self, address: str) -> dict[str, str]:
        """Return the variables of a server that reads this token."""
        if self.typed:
            return {drone.ADDRESS: address, drone.TOKEN: self.typed}
        if self.file:
            return {drone.ADDRESS: address, drone.TOKEN_FILE: str(self.file)}
        return {drone.ADDRESS: address, drone.TOKEN: os.environ[drone.TOKEN]}


def run(given: Given, *, roles_dir: Path | None) -> None:
    """Ask, write, and check.

    Raises:
        UserError: an option is wrong, or an answer is missing and there is no terminal to ask at.
        typer.Exit: with 1 when a check failed.
    """
    folders = UserFolders.here()
    address = _ask_address(given.address)
    token = _find_token(given.token_file, address, folders)
    client = _ask_client(given.client, folders)
    role = _ask_role(given.role, roles_dir)
    repo = _ask_repo(given.repo, token.environment(address), folders)
    if token.typed and token.file:
        update_text(token.file, lambda _: f"{token.typed}\n", SECRET_FILE)
        token.file.chmod(SECRET_FILE)  # one that was there keeps its permissions otherwise
        typer.echo(f"Wrote {token.file}, which only you can read.")
    choices = Choices(client, address=address, repo=repo, token_file=token.file)
    configure.run(role, choices, Delegation(), output=None, roles_dir=roles_dir, print_only=False, check=False)
    # Doctor looks at what the client's servers will see.
    os.environ.update(Token(token.file).environment(address) | ({drone.REPO: repo} if repo else {}))
    doctor.run(role, doctor.ServerLocation(), roles_dir=roles_dir, as_json=False)


def _ask_address(given: str | None) -> str:
    from drone_mcp_config.drone.check import check_address  # noqa: PLC0415 - brings httpx, slow to load

    def read(text: str) -> str:
        address = drone.read_address(text)
        _test(check_address, {drone.ADDRESS: address})
        return address

    return _ask(1, "Drone's address", "--server URL", read, given, default=os.environ.get(drone.ADDRESS, ""))


def _find_token(given: Path | None, address: str, folders: UserFolders) -> Token:
    """Return a token that Drone knows: the one that is there already, or one that the user types."""
    from drone_mcp_config.drone.check import check_token  # noqa: PLC0415 - brings httpx, slow to load

    def test(token: Token) -> Token:
        _test(partial(check_token, "token", drone.TOKEN), token.environment(address))
        return token

    if given:
        return test(Token(given.expanduser().absolute()))
    if os.environ.get(drone.TOKEN):
        return test(Token(None))
    own = folders.token_file(drone.TOKEN)
    if own.exists():
        try:
            return test(Token(own))
        except UserError as error:
            typer.echo(f"{own}: {error}", err=True)
    typer.echo(f"Drone shows your token under your avatar, 'User settings'. It will be kept in {own}.")
    missing = f"{drone.TOKEN} or --token-file FILE"
    return _ask(2, "Your token (it is not shown)", missing, lambda text: test(Token(own, text)), hide=True)


def _ask_client(given: ClientName | None, folders: UserFolders) -> ClientName:
    found = [name for name, client in CLIENTS.items() if client.is_here(folders)]

    def read(text: str) -> ClientName:
        for name in CLIENTS:
            if name == text:
                return name
        raise UserError(f"There is no client {text!r}; there are {', '.join(CLIENTS)}.")

    where = f"found here: {', '.join(found)}" if found else f"one of {', '.join(CLIENTS)}"
    suggested = found[0] if found and sys.stdin.isatty() else ""
    return _ask(3, f"MCP client to configure ({where})", "--client CLIENT", read, given, default=suggested)


def _ask_role(given: str | None, roles_dir: Path | None) -> str:
    installed, roles = read_installation(), role_library(roles_dir)

    def read(text: str) -> str:
        return load_role(text, roles, installed).name

    if given is None:
        for name in roles.names():
            typer.echo(f"  {name}: {load_role(name, roles, installed).description}")
    suggested = USUAL_ROLE if USUAL_ROLE in roles.names() and sys.stdin.isatty() else ""
    return _ask(4, "The agent's role", "--role ROLE", read, given, default=suggested)


def _ask_repo(given: str | None, environment: dict[str, str], folders: UserFolders) -> str | None:
    """Return the repository for calls that name none; None: that of the git remote where the client is started."""
    from drone_mcp_config.drone.check import check_repository  # noqa: PLC0415 - brings httpx, slow to load

    def read(text: str) -> str | None:
        if not text or text == "none":
            return None
        repo = drone.read_repo(text)
        _test(partial(check_repository, slug=repo), environment)
        return repo

    if given is None and not sys.stdin.isatty():
        return None
    default = remote_repo(folders.work) or "none"
    return _ask(5, "Repository that the agent works on, as owner/name", "--repo", read, given, default=default)


def _ask(
    number: int,
    question: str,
    option: str,
    read: Callable[[str], T],
    given: str | None = None,
    *,
    default: str = "",
    hide: bool = False,
) -> T:
    """Return the answer as `read` understands it; a person is asked again until it does.

    Raises:
        UserError: the option is wrong, or there is neither an option nor a terminal.
    """
    if given is not None:
        return read(given)
    if not sys.stdin.isatty():
        if not default:
            raise UserError(f"There is no terminal to ask at: add {option}.")
        return read(default)
    while True:
        answer = typer.prompt(f"{number}/{QUESTIONS} {question}", default=default or None, hide_input=hide)
        try:
            return read(str(answer).strip())
        except UserError as error:
            typer.echo(str(error), err=True)


def _test(check: Callable[[Settings], Awaitable[Check]], environment: dict[str, str]) -> None:
    """Run a check of doctor on an answer, and print what it found.

    Raises:
        UserError: it failed.
    """
    try:
        settings = Settings.from_environment(environment)
    except SettingsError as error:
        raise UserError(f"{error}.") from error

    async def run_check() -> Check:
        return (await check(settings)).cleaned(cleaner_for(environment))

    found = anyio.run(run_check)
    if found.status == "failed":
        raise UserError(f"{found.detail}. {found.fix}.")
    typer.echo(f"  {found.detail}")
