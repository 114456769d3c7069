"""How a server's tools reach Drone: one client within the role's scope, and the build that their arguments name."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from typing_extensions import override

from ci_mcp_http.read_access import ReadAccess
from ci_mcp_kit import logs, observing
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.gitremote import remote_repo
from drone_mcp_build.scope import RepoScope
from drone_mcp_client.name_parsing import is_address, parse_build_url, parse_repo

if TYPE_CHECKING:
    from ci_mcp_http.call import Call
    from ci_mcp_kit.variables import Secret
    from drone_mcp_build.settings import Settings
    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.options import DroneOptions


class DroneAccess(ReadAccess["DroneClient"]):
    """One process's way to read from Drone, within the scope of its role.

    Args:
        settings: of this process.
        directory: where to look for the git remote that names the repository; default: the working directory.
    """

    writer = "drone-actions"

    def __init__(self, settings: Settings, *, directory: Path | None = None) -> None:
        super().__init__(settings)
        self.settings = settings
        self.scope = RepoScope(settings.repos)
        self._directory = directory

    @override
    def connect(self) -> DroneClient:
        from drone_mcp_client.client import DroneClient  # noqa: PLC0415 - on first use, to start fast

        settings = self.settings
        options = client_options(settings, settings.token, settings.token_file, retries=settings.retries)
        return DroneClient(options, gate=self.gate, watch=observing.request)

    @override
    def gate(self, call: Call[Any]) -> None:
        self.scope.gate(call)
        super().gate(call)

    @override
    async def read_user_limits(self, client: DroneClient) -> str:
        # A token that Drone does not know makes a guest (drone/drone v2.25.0, handler/api/auth/auth.go); only the
        # routes of the user show it. A user who is not active may read what is public (handler/api/acl/check.go).
        user = await client.user()
        if user.active or user.admin:
            return ""
        return f"Drone has deactivated the token's user {user.login}: only public repositories can be read"

    def resolve_repo(self, repo: str | None) -> str:
        """Return "owner/name" of the given repository, or of the default one.

        The default is `DRONE_REPO`, else the git remote of the working directory.

        Raises:
            InvalidInput: it is not a repository, or it is missing and there is no default.
            PermissionDenied: it is outside this role's scope.
        """
        slug = str(parse_repo(repo)) if repo else self.default_repo()
        if slug is None:
            raise InvalidInput(
                "No repository was named, and neither DRONE_REPO nor a git remote says which one is meant",
                next_step="Call again with repo as owner/name, as a list of the repositories shows it",
            )
        # Before the check, so that the log line of a refused call names the repository, too.
        logs.add_facts(repo=slug)
        self.scope.check(slug)
        return slug

    def default_repo(self) -> str | None:
        """Return the repository for calls that name no repository, if there is one."""
        return self.settings.repo or remote_repo(self._directory or Path.cwd())


def client_options(settings: Settings, token: Secret | None, token_file: Path | None, *, retries: int) -> DroneOptions:
    """Return how to reach the Drone of `settings` as the user of a token."""
    from drone_mcp_client.options import DroneOptions  # noqa: PLC0415 - on first use, to start fast

    held = token.reveal() if token else None
    return DroneOptions(token=held, token_file=token_file, retries=retries, **settings.connection())


_DEFAULT_PORTS = {80, 443}  # of http and https: an address may name its port or not


@dataclass(frozen=True, slots=True)
class BuildAddress:
    """A repository, and the requested build and step; None if not given."""

    repo: str
    number: int | None = None
    stage: str | None = None
    step: str | None = None


def resolve_address(
    access: DroneAccess, repo: str | None, number: int | None = None, stage: str | None = None, step: str | None = None
) -> BuildAddress:
    """Combine the arguments; a number must not contradict an address in `repo`.

    Raises:
        InvalidInput: it is no repository, the address is of another server, or there is a contradiction.
        PermissionDenied: the repository is out of scope.
    """
    check_server(repo or "", access.settings.server)
    ref = None
    if "#" in (repo or "") or is_address(repo or ""):
        with suppress(InvalidInput):  # resolve_repo reads it as the address of a repository, or raises
            ref = parse_build_url(repo or "")
    if ref is None:
        return BuildAddress(access.resolve_repo(repo), number, stage, step)
    if number not in {None, ref.number}:
        raise InvalidInput(f"number is {number}, but repo names build {ref.number}", next_step="Give one of the two")
    stage = stage or (str(ref.stage) if ref.stage else None)
    return BuildAddress(
        access.resolve_repo(str(ref.repo)), ref.number, stage, step or (str(ref.step) if ref.step else None)
    )


def check_server(text: str, server: str) -> None:
    """Refuse the address of another server than the one that is set up; a name is no address and passes.

    Raises:
        InvalidInput: naming the server that can be asked.
    """
    if is_address(text) and _host(text) != _host(server):
        raise InvalidInput(
            "That address is of another server than this process asks",
            next_step=f"Give an address that begins with {server}, or owner/name",
            details={"server": server},
        )


def _host(address: str) -> tuple[str, int | None]:
    """Name host and port; http and https of one host are taken as one server, as a proxy turns one into the other."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        # Equal to no server, so the caller refuses it.
        return ("", None)
    return (parts.hostname or "", None if port in _DEFAULT_PORTS else port)
