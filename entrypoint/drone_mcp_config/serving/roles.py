"""The servers of the roles that a process serves, made anew when a role file has changed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ci_mcp_kit.variables import SettingsError
from drone_mcp_config.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from drone_mcp_config.roles.delegated_servers import RoleChoice
    from drone_mcp_config.serving.servers import HostedServer

logger = logging.getLogger(__name__)


class ServedRoles:
    """The servers of each served role.

    A role that cannot be used after a change is logged and stays as it was, so that a slip locks nobody out.

    Args:
        folder: of the user's role files; the shipped ones do not change while the process runs.
        make: returns the servers of a role, or raises UserError.
    """

    def __init__(self, folder: Path | None, make: Callable[[RoleChoice], tuple[HostedServer, ...]]) -> None:
        self._folder = folder
        self._make = make
        self._stamp = self._look()
        # Kept, as reading a role for every request would give callers of one role different limits during a change.
        self._servers: dict[RoleChoice, tuple[HostedServer, ...]] = {}

    def servers_of(self, choice: RoleChoice) -> tuple[HostedServer, ...]:
        """Return the servers of a role as its files are now; the same ones as before if nothing about them changed.

        Raises:
            UserError: a role that is asked for the first time cannot be used.
        """
        self._renew()
        if choice not in self._servers:
            self._servers[choice] = self._make(choice)
        return self._servers[choice]

    def _renew(self) -> None:
        stamp = self._look()
        if stamp == self._stamp:
            return
        # Before reading: a file with a mistake is read and logged once, not for every request.
        self._stamp = stamp
        for choice, before in self._servers.items():
            try:
                servers = self._make(choice)
                for server in servers:
                    server.check_settings(own_tokens=True)  # without tokens, which the files do not hold
            except (UserError, SettingsError) as error:
                logger.error("The role %s stays as it was: %s", choice, error)  # noqa: TRY400 - its text says it all
                continue
            if servers != before:
                self._servers[choice] = servers
                logger.info("The role %s has changed", choice)

    def _look(self) -> list[tuple[str, int, int, int]]:
        if self._folder is None:
            return []
        found = []
        for file in self._folder.glob("*.yaml"):
            try:
                stat = file.stat()
            except OSError:  # deleted since it was listed
                continue
            # The inode, too: Kubernetes replaces a mounted file by another one, perhaps of the same size and time.
            found.append((file.name, stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return sorted(found)
