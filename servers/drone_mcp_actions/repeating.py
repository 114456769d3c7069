"""The same call twice within a minute is one call: agents and clients repeat what they did not hear the answer of."""

from __future__ import annotations

import logging
from dataclasses import astuple
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.guard.errors import NotesUnavailable
from ci_mcp_kit.guard.notes import key
from drone_mcp_actions.views import view_of
from drone_mcp_client.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_kit.guard.notes import Notes, Who
    from drone_mcp_actions.acting import Wish
    from drone_mcp_actions.views import ActionView

logger = logging.getLogger(__name__)

WINDOW: Final = 60.0  # seconds
SENT: Final = "sent"


class Recent:
    """What an agent sent lately, through whichever process. Times are Unix seconds, given by the caller.

    Args:
        who: tells the agent that is at work.
        kept: where it is noted.
        patience: how many seconds Drone gets to answer.
    """

    def __init__(self, who: Callable[[], Who], kept: Notes, patience: float) -> None:
        self._who = who
        self._kept = kept
        self._patience = patience

    async def find(self, wish: Wish, now: float) -> ActionView | None:
        """Return the answer to the same call, marked as that; None if there was none lately.

        Raises:
            Conflict: it was sent and is not answered, now or for good.
        """
        return _repeated(wish, await self._kept.note(self._key(wish), at=now))

    async def begin(self, wish: Wish, now: float) -> ActionView | None:
        """Remember that it is being sent, for as long as that may take; as `find` where it is already."""
        return _repeated(wish, await self._kept.claim(self._key(wish), SENT, WINDOW + self._patience, at=now))

    async def answered(self, wish: Wish, view: ActionView, now: float) -> None:
        """Remember the answer. If that fails the call counts as sent, which it was."""
        await self._note(wish, view.model_dump_json(), now)

    async def unanswered(self, wish: Wish, now: float) -> None:
        """Remember for a minute from now that nobody knows whether it happened."""
        await self._note(wish, SENT, now)

    async def _note(self, wish: Wish, text: str, now: float) -> None:
        try:
            await self._kept.write_note(self._key(wish), text, WINDOW, at=now)
        except NotesUnavailable as error:
            logger.warning("What came of a call could not be noted: %s", error)

    async def forget(self, wish: Wish) -> None:
        """It certainly did not happen. If that fails, the same call is refused for a minute."""
        try:
            await self._kept.drop_note(self._key(wish))
        except NotesUnavailable as error:
            logger.warning("A call that did not happen stays noted: %s", error)

    def _key(self, wish: Wish) -> str:
        return key("call", self._who(), astuple(wish))


def _repeated(wish: Wish, note: str | None) -> ActionView | None:
    if note is None:
        return None
    if note == SENT:
        raise Conflict(
            "The same was sent less than a minute ago, and no answer of Drone has come",
            next_step="Look at the newest builds first: it may have happened",
            retryable=False,
        )
    view = view_of(wish.operation).model_validate_json(note)
    told = (*view.notes, "The same call was answered less than a minute ago; nothing was sent again")
    return view.model_copy(update={"outcome": "repeated", "notes": told})
