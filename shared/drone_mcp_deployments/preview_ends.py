"""The end of a preview's life, which whoever opens it notes in the store, for the receiver that stops it then."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.guard.errors import NotesUnavailable
from ci_mcp_kit.guard.guard_notes import key

if TYPE_CHECKING:
    from ci_mcp_kit.guard.guard_notes import GuardNotes
    from drone_mcp_client.models import Build
    from drone_mcp_deployments.previews import Preview

logger = logging.getLogger(__name__)

_KEPT: Final = 30 * 86_400.0  # seconds after its end for which a note is kept, as a stop may fail and be repeated


class PreviewEnds:
    """The ends of previews. Without a note a preview lives for `seconds` from its deployment on."""

    def __init__(self, kept: GuardNotes, seconds: float) -> None:
        self._kept = kept
        self._seconds = seconds

    async def begin(self, repo: str, deployment: Build, now: float) -> float:
        """Note when the preview of a deployment that was just made ends, and return that Unix time."""
        until = deployment.created + self._seconds
        await self._write(repo, deployment, until, now)
        return until

    async def carry_over(self, repo: str, before: Build, stop: Build, now: float) -> None:
        """Note for a deployment that stops a preview since when that one is over, in case the stop fails."""
        until = await self._read(repo, before, now) or before.created + self._seconds
        await self._write(repo, stop, min(until, now), now)

    async def read(self, repo: str, preview: Preview, now: float) -> float:
        """Return the Unix time at which a preview ends, or at which it was to end where its stop has failed."""
        deployment = preview.deployment
        life = 0.0 if preview.stops else self._seconds
        return await self._read(repo, deployment, now) or deployment.created + life

    async def _write(self, repo: str, deployment: Build, until: float, now: float) -> None:
        try:
            await self._kept.write_note(_key(repo, deployment), repr(until), self._seconds + _KEPT, at=now)
        except NotesUnavailable as error:
            logger.warning("The end of the preview %s could not be noted: %s", deployment.deploy_to, error)

    async def _read(self, repo: str, deployment: Build, now: float) -> float | None:
        try:
            noted = await self._kept.note(_key(repo, deployment), at=now)
        except NotesUnavailable as error:
            logger.warning("The end of the preview %s could not be read: %s", deployment.deploy_to, error)
            return None
        return float(noted) if noted else None


def _key(repo: str, deployment: Build) -> str:
    return key("preview", repo, deployment.number)
