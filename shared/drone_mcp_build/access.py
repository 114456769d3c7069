"""How a server's tools reach Drone: one client, made at first use, within the role's scope."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ci_mcp_kit import logs, observing
from ci_mcp_kit.cleaning import Cleaner
from ci_mcp_kit.errors import InvalidInput, PermissionDenied
from ci_mcp_kit.gitremote import remote_repo
from ci_mcp_kit.redact import Redactor
from drone_mcp_build.scope import RepoScope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ci_mcp_http.call import Call
    from ci_mcp_kit.variables import Secret
    from drone_mcp_build.settings import Settings
    from drone_mcp_client.client import DroneClient
    from drone_mcp_client.options import DroneOptions


class DroneAccess:
    """One process's way to read from Drone. Whatever server it is, no call that changes anything leaves here.

    The client (and with it the HTTP library) comes into being at the first call, so that starting costs nothing.

    Args:
        settings: of this process.
        directory: where to look for the git remote that names the repository; default: the working directory.
    """

    def __init__(self, settings: Settings, *, directory: Path | None = None) -> None:
        self.settings = settings
        self.scope = RepoScope(settings.repos)
        self.clean = Cleaner(Redactor(settings.secrets))
        self._directory = directory
        self._client: DroneClient | None = None
        self.at_close: list[Callable[[], Awaitable[None]]] = []
        """What to call at the end, in this order, before the client is closed."""

    async def client(self) -> DroneClient:
        """Return the client; the same one until `close`."""
        if self._client is None:
            self._client = self._connect()
        return self._client

    async def close(self) -> None:
        """Close what `at_close` names, then the client, if there is one. The next `client` makes a new one."""
        for end in self.at_close:
            await end()
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def resolve_repo(self, repo: str | None) -> str:
        """Return "owner/name" for what the caller said, or for what is meant where they said nothing.

        That is `DRONE_REPO`, else the git remote of the working directory.

        Raises:
            InvalidInput: it is no repository, or none was named and none is meant.
            PermissionDenied: it is outside this role's scope.
        """
        slug = self._named(repo) if repo else self.default_repo()
        if slug is None:
            raise InvalidInput(
                "No repository was named, and neither DRONE_REPO nor a git remote says which one is meant",
                next_step="Call again with repo as owner/name, as a list of the repositories shows it",
            )
        logs.note(repo=slug)
        self.scope.check(slug)
        return slug

    def default_repo(self) -> str | None:
        """Return the repository that is meant where none is named, or None."""
        return self.settings.repo or remote_repo(self._directory or Path.cwd())

    def gate(self, call: Call[Any]) -> None:
        """See every call before it leaves: refuse what is out of scope, and whatever is not plainly a read."""
        self.scope.gate(call)
        if call.writes or call.method != "GET":
            raise PermissionDenied(
                f"{call.operation} would change something, and this server only reads",
                next_step="Use the tools of drone-actions, if this role has them",
            )

    def _named(self, repo: str) -> str:
        from drone_mcp_client.names import parse_repo  # noqa: PLC0415 - on first use, to start fast

        return str(parse_repo(repo))

    def _connect(self) -> DroneClient:
        from drone_mcp_client.client import DroneClient  # noqa: PLC0415 - on first use, to start fast

        settings = self.settings
        options = client_options(settings, settings.token, settings.token_file, retries=settings.retries)
        return DroneClient(options, gate=self.gate, watch=observing.request)


def client_options(settings: Settings, token: Secret | None, token_file: Path | None, *, retries: int) -> DroneOptions:
    """Return how to reach the Drone of `settings` as the user of a token."""
    from drone_mcp_client.options import DroneOptions  # noqa: PLC0415 - on first use, to start fast

    return DroneOptions(
        server=settings.server,
        token=token.reveal() if token else None,
        token_file=token_file,
        timeout=settings.timeout,
        retries=retries,
        max_body=settings.max_body,
        ca_file=settings.ca_file,
    )
