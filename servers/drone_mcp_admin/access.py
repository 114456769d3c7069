"""How the tools of this server reach Drone, and what of it a role that is limited to repositories may see."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ci_mcp_kit import observing
from ci_mcp_kit.errors import InvalidInput, PermissionDenied
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.redact import Redactor
from drone_mcp_admin.arguments import NAME, check_name
from drone_mcp_admin.guard.action import SERVER
from drone_mcp_build.access import DroneAccess, client_options

if TYPE_CHECKING:
    from ci_mcp_http.call import Call
    from ci_mcp_kit.guard.protocols import Gate
    from drone_mcp_admin.settings import AdminSettings
    from drone_mcp_client.client import DroneClient


class AdminAccess(DroneAccess):
    """Reads from Drone, and learns the secrets that it must not show.

    Args:
        settings: of this process.
    """

    writer = "drone-admin"

    def __init__(self, settings: AdminSettings) -> None:
        super().__init__(settings)
        self._learned: set[str] = set()
        self.clean = Cleaner(Redactor(lambda: [*settings.secrets(), *self._learned]))
        self._settings = settings

    def learn(self, secret: str) -> None:
        """Redact a secret from now on: a value that a person entered, or a token that Drone made."""
        self._learned.add(secret)

    def resolve_scope(self, repo: str | None, namespace: str | None) -> str:
        """Return the scope of secrets or templates: "owner/name", or "org:name" for those of a namespace.

        Raises:
            InvalidInput: both are given, or there is neither.
            PermissionDenied: it is outside this role's scope.
        """
        if namespace is None:
            return self.resolve_repo(repo)
        if repo is not None:
            raise InvalidInput("repo and namespace are both given", next_step="Give one of the two")
        self.check_namespace(check_name(namespace, NAME, "namespace"))
        return f"org:{namespace}"

    def check_namespace(self, namespace: str) -> None:
        """Refuse a namespace that this role does not see as a whole.

        Raises:
            PermissionDenied: it is outside this role's scope.
        """
        owners = [owner for owner, _, names in (glob.partition("/") for glob in self.scope.globs) if names == "*"]
        if self.scope.globs and not any(fnmatchcase(namespace, owner) for owner in owners):
            raise PermissionDenied(
                f"This role does not see all repositories of {namespace}, and what they share concerns each of them",
                next_step=f"Name a repository, or have the author of the role add {namespace}/* to its repositories",
                details={"rule": "scope"},
            )

    def check_server(self) -> str:
        """Return the scope of the server; refuse it to a role that is limited to repositories.

        Raises:
            PermissionDenied: the role is limited.
        """
        if self.scope.globs:
            raise PermissionDenied(
                "This role is limited to repositories, and users and the queue concern the whole server",
                next_step="Use a role without a limit to repositories (DRONE_MCP_REPOS)",
                details={"rule": "scope"},
            )
        return SERVER

    def connect_writer(self, gate: Gate) -> DroneClient:
        """Return the client that may write: every call passes the scope and the gate, and is sent at most once."""
        from drone_mcp_client.client import DroneClient  # noqa: PLC0415 - on first use, to start fast

        def check(call: Call[Any]) -> None:
            self.scope.gate(call)
            gate(call)

        guard = self._settings.guard
        # Without retries: a request that got no answer may have had its effect.
        options = client_options(self._settings, guard.write_token, guard.write_token_file, retries=0)
        return DroneClient(options, gate=check, watch=observing.request)


def namespace_of(scope: str) -> str | None:
    """Return the namespace of a scope, None where it is a repository."""
    return scope.removeprefix("org:") if scope.startswith("org:") else None
