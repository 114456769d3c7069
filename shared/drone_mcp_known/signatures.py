"""Which failure each build had, as whoever read its log wrote it down for all who share the store.

A signature stands under the id that Drone gave the build, which no other build of the server ever has: not even one of
the same number, where a repository was deleted and enabled anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_client.models import Build
    from drone_mcp_known.state import State

KEPT_SECONDS: Final = 90 * 86_400.0


@dataclass(frozen=True, slots=True)
class Signed:
    """The signature of a build's first failure, and the `stage/step` (numbers) that failed; "" for none of them."""

    signature: str
    step: str = ""


class Signatures:
    """Written and read in the store of `state`; without one that is shared nothing is kept. `clock` gives Unix time.

    Nobody but who was just shown the build by Drone, or has proof, may be told.
    """

    def __init__(self, state: State, clock: Callable[[], float]) -> None:
        self._state = state
        self._clock = clock

    @property
    def are_shared(self) -> bool:
        """Whether there is a store that others write to as well."""
        return self._state.shared

    async def are_readable(self) -> bool:
        """Whether that store answers."""
        return await self._state.ask(lambda store: store.health()) is not None

    async def write(self, slug: str, build: Build, signed: Signed) -> None:
        """Keep the signature of a build that has ended."""
        if self._state.shared and signed.signature:
            text = f"{signed.signature} {signed.step}".strip()
            await self._state.ask(
                lambda store: store.notes.write_note(_key(slug, build), text, KEPT_SECONDS, at=self._clock())
            )

    async def of(self, slug: str, build: Build) -> Signed | None:
        """Return what is kept of a build; None where nobody has read its log."""
        if not self._state.shared:
            return None
        text = await self._state.ask(lambda store: store.notes.note(_key(slug, build), at=self._clock()))
        return Signed(*text.split(" ", 1)) if text else None


def _key(slug: str, build: Build) -> str:
    return f"signature:{slug}:{build.id}"
