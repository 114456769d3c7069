"""How a server's tools reach Drone: one client, made at first use, within the role's scope."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from ci_mcp_http.access import ReadAccess
from ci_mcp_kit import logs, observing
from ci_mcp_kit.errors import InvalidInput
from ci_mcp_kit.gitremote import remote_repo
from drone_mcp_build.scope import RepoScope

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
        from drone_mcp_client.names import parse_repo  # noqa: PLC0415 - on first use, to start fast

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
