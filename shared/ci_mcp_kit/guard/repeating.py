"""Treats the same call within a while as one: agents and clients repeat calls that were not answered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.guard.errors import NotesUnavailable, OutcomeUnknown
from ci_mcp_kit.guard.guard_notes import key

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_mcp_kit.guard.guard_notes import GuardNotes, Who
    from ci_mcp_kit.guard.spec import GuardSpec

logger = logging.getLogger(__name__)

WINDOW: Final = 60.0  # seconds: retries come sooner, and a caller who means the same change twice can wait that long
A_DAY: Final = 86_400.0  # seconds, for calls with a key: whoever takes the trouble to give one may come back late
SENT: Final = "sent"  # never equal to an answer, which is a JSON object


class RecentCalls:
    """The calls that an agent has sent lately, from any process: in the last minute, or for as long as a change says.

    Times are Unix seconds.

    Args:
        spec: the guard's, for the words of errors.
        who: returns the agent that is at work.
        kept: the notes that all processes of the agent share.
        patience: seconds that the service has for an answer.
    """

    def __init__(self, spec: GuardSpec, who: Callable[[], Who], kept: GuardNotes, patience: float) -> None:
        self._spec = spec
        self._who = who
        self._kept = kept
        self._patience = patience

    async def find(self, call: tuple[Any, ...], now: float) -> str | None:
        """Return the answer to the same call of a while ago, or None if there was no such call.

        Raises:
            OutcomeUnknown: it was sent and has not been answered.
        """
        return self._answer_in(await self._kept.note(self._key(call), at=now))

    async def begin(self, call: tuple[Any, ...], now: float) -> str | None:
        """Note that it is being sent, for as long as that may take; if it is already, do as `find`."""
        return self._answer_in(await self._kept.claim(self._key(call), SENT, WINDOW + self._patience, at=now))

    async def answered(self, call: tuple[Any, ...], answer: str, now: float, window: float = WINDOW) -> None:
        """Note the answer for the seconds of `window`. If that fails, the call still counts as sent."""
        await self._note(call, answer, now, window)

    async def unanswered(self, call: tuple[Any, ...], now: float) -> None:
        """Note for a minute from now that the outcome is unknown."""
        await self._note(call, SENT, now, WINDOW)

    async def forget(self, call: tuple[Any, ...]) -> None:
        """Forget a call that was certainly not carried out. If that fails, the same call is refused for a minute."""
        try:
            await self._kept.drop_note(self._key(call))
        except NotesUnavailable as error:
            logger.warning("A call that did not happen stays noted: %s", error)

    async def _note(self, call: tuple[Any, ...], text: str, now: float, window: float) -> None:
        try:
            await self._kept.write_note(self._key(call), text, window, at=now)
        except NotesUnavailable as error:
            logger.warning("What came of a call could not be noted: %s", error)

    def _answer_in(self, note: str | None) -> str | None:
        if note == SENT:
            raise OutcomeUnknown(
                f"The same was sent a moment ago, and no answer of {self._spec.service} has come",
                self._spec.evidence,
            )
        return note

    def _key(self, call: tuple[Any, ...]) -> str:
        return key("call", self._who(), call)
