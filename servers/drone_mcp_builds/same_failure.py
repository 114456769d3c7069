"""Finds builds with the same failure, as far as a diagnosis has stored their signatures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from drone_mcp_builds.criteria import FAILED
from drone_mcp_builds.formatting import format_count
from drone_mcp_client.errors import InvalidInput, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_client.models import Build
    from drone_mcp_known.signature_store import Signatures

BY_LOGS: Final = "the tools of drone-logs, if this role has them, show since when a branch fails in the same way"
# As `ci_mcp_logs.evidence` makes it.
_SIGNATURE: Final = re.compile(r"[0-9a-f]{12}")


def failure_signature(text: str) -> str:
    """Read a signature as a diagnosis gives it.

    Raises:
        InvalidInput: it is not a signature.
    """
    text = text.strip().lower()
    if not _SIGNATURE.fullmatch(text):
        raise InvalidInput(
            "signature is not a failure signature", next_step="Give the 12 hexadecimal digits that a diagnosis answered"
        )
    return text


class SameFailure:
    """Finds the builds with a signature, among builds that the caller may see."""

    def __init__(self, signatures: Signatures, repo: str, signature: str) -> None:
        self._signatures = signatures
        self._repo = repo
        self._signature = signature
        self._failed: dict[int, bool | None] = {}  # by number: whether it is the same failure; None: not diagnosed

    async def check(self) -> None:
        """Check that signatures are stored and can be read.

        Raises:
            InvalidInput: this process shares no store with a server that diagnoses.
            Unreachable: the store does not answer.
        """
        if not self._signatures.are_shared:
            raise InvalidInput(
                "Builds are found by signature only where diagnoses write theirs down, in a state store that is shared",
                next_step=f"Set DRONE_MCP_STATE to one store for drone-builds and drone-logs; without it, {BY_LOGS}",
            )
        if not await self._signatures.are_readable():
            raise Unreachable(
                "The state store that holds the signatures does not answer",
                next_step=f"Call again in a minute, or ask an operator; meanwhile {BY_LOGS}",
            )

    async def look(self, builds: Iterable[Build]) -> None:
        """Look up those that failed."""
        for build in builds:
            if build.status in FAILED:
                known = await self._signatures.read(self._repo, build)
                self._failed[build.number] = None if known is None else known.signature == self._signature

    def met_by(self, build: Build) -> bool:
        """Return whether a build that was looked up failed in this way."""
        return self._failed.get(build.number) is True

    def describe(self) -> str:
        """Say how many failed builds there are, and of how many the failure is known."""
        known = sum(same is not None for same in self._failed.values())
        return f"{format_count(len(self._failed), 'failed build')}, {known} of them diagnosed"
