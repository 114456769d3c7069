"""Decides which repositories the reader of a page may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
from typing_extensions import override

from drone_mcp_client.errors import ServiceError
from drone_mcp_known.known import ReadPermission

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_build.access import DroneAccess

PATIENCE: Final = 5.0  # seconds for Drone's answer
REST: Final = 15.0  # seconds after a failure in which Drone is not asked again


class Everyone:
    """The reader may see every repository: the one who runs a receiver."""

    gap: str = ""
    """Why less is shown than there is; "" where that is not so."""

    def is_own(self, role: str) -> bool:  # noqa: ARG002 - for pages of one role
        """Return whether the actions of a role may be shown that are about no repository."""
        return True

    async def sees(self, repo: str, repo_id: int | None = None) -> bool:  # noqa: ARG002 - likewise
        """Return whether the repository may be shown; `repo_id` is the one that builds of it have."""
        return True


class RoleReaders(Everyone):
    """The reader may see what the servers of a role may see: its scope, and what its token reads at this minute.

    The store and the audit log hold more, as receivers and other roles write to them with tokens of their own.

    Args:
        role: its name.
        access: its way to Drone; None where it asks no Drone, so that its repositories are not known.
        clock: gives the Unix time.
    """

    def __init__(self, role: str, access: DroneAccess | None, clock: Callable[[], float]) -> None:
        self._role = role
        self._access = access
        self._permission = ReadPermission(access, clock) if access else None
        self._clock = clock
        self._failed_at = float("-inf")

    @property
    @override
    def gap(self) -> str:  # type: ignore[override]  # read-only here, where it changes with Drone
        if self._is_resting:
            return "Drone does not say which repositories this role may see, so builds may be missing here."
        return ""

    @property
    def _is_resting(self) -> bool:
        return 0 <= self._clock() - self._failed_at < REST

    @override
    def is_own(self, role: str) -> bool:
        return role == self._role

    @override
    async def sees(self, repo: str, repo_id: int | None = None) -> bool:
        if self._access is None or self._permission is None or not self._access.scope.sees(repo) or self._is_resting:
            return False
        try:
            with anyio.fail_after(PATIENCE):
                found = await self._permission.repo(repo)
        except (ServiceError, TimeoutError):
            self._failed_at = self._clock()
            return False
        # A repository that was deleted and created again has another id, and others may read it.
        return found is not None and repo_id in {None, found.id}
