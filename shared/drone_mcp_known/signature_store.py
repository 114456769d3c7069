"""Stores the signature of each build's failure, so that servers that share the store find the same failure again.

The key is the id that Drone gave the build. It is unique on a server, while a number may occur again where a repository
was deleted and enabled again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_client.models import Build
    from drone_mcp_known.known import State

KEPT_SECONDS: Final = 90 * 86_400.0  # 90 days
_HEAD_LOST: Final = "head-lost"


@dataclass(frozen=True, slots=True)
class Signed:
    """The signature of a build's first failure.

    Attributes:
        signature: "" if the failure left no text.
        step: the `stage/step` (numbers) that failed; "" if none did.
        head_lost: whether the log that it was made from has lost its beginning.
    """

    signature: str
    step: str = ""
    head_lost: bool = False


class Signatures:
    """The signatures in the store of `state`; without a shared store, none is kept. `clock` gives the Unix time.

    They say nothing about access: ask only for a build that our token has just been allowed to read.
    """

    def __init__(self, state: State, clock: Callable[[], float]) -> None:
        self._state = state
        self._clock = clock

    @property
    def are_shared(self) -> bool:
        """Whether other processes use the store as well."""
        return self._state.shared

    async def are_readable(self) -> bool:
        """Return whether the store answers."""
        return await self._state.ask(lambda store: store.health()) is not None

    async def write(self, slug: str, build: Build, signed: Signed) -> None:
        """Store the signature of a build that has ended."""
        if self._state.shared and signed.signature:
            text = " ".join(filter(None, (signed.signature, signed.step, _HEAD_LOST if signed.head_lost else "")))
            await self._state.ask(
                lambda store: store.notes.write_note(_key(slug, build), text, KEPT_SECONDS, at=self._clock())
            )

    async def read(self, slug: str, build: Build) -> Signed | None:
        """Return the signature of a build; None where its log has not been read."""
        if not self._state.shared:
            return None
        text = await self._state.ask(lambda store: store.notes.note(_key(slug, build), at=self._clock()))
        if not text:
            return None
        signature, *more = text.split(" ")
        return Signed(signature, more[0] if more else "", head_lost=_HEAD_LOST in more)


def _key(slug: str, build: Build) -> str:
    return f"signature:{slug}:{build.id}"
