"""The same call twice within a minute is one call: agents and clients repeat what they did not hear the answer of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drone_mcp_client.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Hashable

    from drone_mcp_actions.views import ActionView

WINDOW: Final = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class _Entry:
    ends: float
    view: ActionView | None = None


class Recent:
    """What was sent lately. Times are Unix seconds, given by the caller."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, _Entry] = {}

    def find(self, key: Hashable, now: float) -> ActionView | None:
        """Return the answer to the same call, marked as that; None if there was none lately.

        Raises:
            Conflict: it was sent and is not answered, now or for good.
        """
        self._entries = {key: entry for key, entry in self._entries.items() if entry.ends > now}
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.view is None:
            raise Conflict(
                "The same was sent less than a minute ago, and no answer of Drone has come",
                next_step="Look at the newest builds first: it may have happened",
                retryable=False,
            )
        note = "The same call was answered less than a minute ago; nothing was sent again"
        return entry.view.model_copy(update={"outcome": "repeated", "notes": (*entry.view.notes, note)})

    def begin(self, key: Hashable, now: float) -> None:
        """Remember that it is being sent; raise as `find` does where it is already."""
        self.find(key, now)
        self._entries[key] = _Entry(now + WINDOW)

    def answered(self, key: Hashable, view: ActionView, now: float) -> None:
        """Remember the answer."""
        self._entries[key] = _Entry(now + WINDOW, view)

    def forget(self, key: Hashable) -> None:
        """It certainly did not happen."""
        self._entries.pop(key, None)
