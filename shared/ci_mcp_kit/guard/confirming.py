"""Has an action confirmed: by the person who uses the client, or by a token that the agent brings back."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from mcp.types import InputRequiredResult

from ci_mcp_kit.errors import RateLimited
from ci_mcp_kit.guard import asking, confirmation_tokens, guard_notes
from ci_mcp_kit.guard.errors import NotConfirmed

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server.mcpserver import Context

    from ci_mcp_kit.guard.audit import Audit
    from ci_mcp_kit.guard.guard_notes import GuardNotes, Who
    from ci_mcp_kit.guard.protocols import Action
    from ci_mcp_kit.guard.rate import RateLimit

# Seconds for which a used question is known: its life, and as much again for clocks that differ.
REMEMBERED: Final = 2.0 * confirmation_tokens.LIFE


class Confirmations:
    """The questions of a guard. Used and declined ones are notes, so that every replica knows of them.

    Args:
        thing: what actions change, for sentences: "build".
        key: signs tokens.
        who: returns the agent that is at work.
        kept: the notes that all processes of the agent share.
        audit: every question and every no is a line.
        rate: limits the questions in a scope.
        clock: gives the Unix time.
    """

    def __init__(
        self,
        thing: str,
        key: bytes,
        who: Callable[[], Who],
        kept: GuardNotes,
        audit: Audit,
        rate: RateLimit,
        clock: Callable[[], float],
    ) -> None:
        self._thing = thing
        self._master = key
        self._who = who
        self._kept = kept
        self._audit = audit
        self._rate = rate
        self._clock = clock

    async def confirm(
        self, context: Context[Any, Any], action: Action, question: str, token: str | None
    ) -> str | InputRequiredResult:
        """Have the action confirmed; return in which way, for the audit log, or the result that ends this round.

        If the client can show a form, a person is asked, and a token is not accepted. Any other client gets a token
        to bring back.

        Raises:
            NotConfirmed: it is not, or not yet.
        """
        # First, so that what a person declined is neither asked again nor confirmed with a token.
        await self._check_not_declined(action)
        # The token is not even looked at here: with it the agent could agree in place of the person.
        if asking.can_ask(context):
            return await self._by_person(context, action, question)
        if token is None:
            await self._begin_question(action, "token")
            raise NotConfirmed(
                question,
                next_step="Put this question to the person you work for. Only if they agree, call again with the same "
                f"arguments and confirmation from details, within {confirmation_tokens.LIFE} seconds",
                details={"confirmation": self._mint(action), "seconds": confirmation_tokens.LIFE},
            )
        await self._spend(action, token)
        return "token"

    async def _by_person(self, context: Context[Any, Any], action: Action, question: str) -> str | InputRequiredResult:
        reply = asking.replied(context)
        # A no is about whatever the subject has become meanwhile; a yes is about what was shown.
        if reply is None or (reply.said == "accept" and not self._is_about(action, reply.token)):
            await self._begin_question(action, "person")
            put = await asking.put(context, question, self._mint(action))
            if isinstance(put, InputRequiredResult):
                return put
            reply = put
        # Used up also by a no: the agent could call again with the same state and another answer.
        if reply.said == "accept" or self._is_about(action, reply.token):
            await self._spend(action, reply.token)
        # Again, because several calls can ask about the same subject at once: a no to one of them is a no to all.
        await self._check_not_declined(action)
        if reply.said == "accept":
            return f"person: {reply.note}" if reply.note else "person"
        closed, life = self._about("closed", action), confirmation_tokens.LIFE
        # A form that is closed for the second time counts as a no.
        if reply.said == "decline" or await self._kept.claim(closed, "closed", life, at=self._clock()) is not None:
            await self._kept.write_note(self._declined(action), "no", life, at=self._clock())
        await self._audit.note(reply.said, outcome="refused", **action.facts(), confirmation="person")
        if reply.said == "decline":
            raise NotConfirmed(f"The person declined: {action.operation.name} is not done", details={"said": "decline"})
        raise NotConfirmed("The person closed the question without an answer", details={"said": "cancel"})

    async def _begin_question(self, action: Action, confirmation: str) -> None:
        """Count a question and write its audit line."""
        facts = action.facts()
        try:
            await self._rate.take(self._who(), action.scope, self._clock())
        except RateLimited as refused:
            await self._audit.refused(refused, **facts)
            raise
        await self._audit.note("asked", **facts, confirmation=confirmation)

    def _mint(self, action: Action) -> str:
        return confirmation_tokens.mint(self._key(), action, secrets.token_hex(8), self._clock())

    async def _spend(self, action: Action, token: str) -> None:
        """Use a token up: each confirms one action, once, whichever process it is brought to."""
        try:
            await self._claim(action, token)
        except NotConfirmed as refused:
            await self._audit.refused(refused, **action.facts())
            raise

    async def _claim(self, action: Action, token: str) -> None:
        now = self._clock()
        # Checked before it is claimed, so that forged tokens leave no notes in the store.
        question = confirmation_tokens.check(self._key(), token, action, now)
        used = guard_notes.key("used", question.number)
        if await self._kept.claim(used, "used", REMEMBERED, at=now) is not None:
            raise NotConfirmed("That confirmation was used before", next_step=confirmation_tokens.AGAIN)

    def _is_about(self, action: Action, token: str) -> bool:
        """Return whether the person was asked about this very action; if not, they are asked again."""
        try:
            confirmation_tokens.check(self._key(), token, action, self._clock())
        except NotConfirmed:
            return False
        return True

    async def _check_not_declined(self, action: Action) -> None:
        if await self._kept.note(self._declined(action), at=self._clock()) is not None:
            thing = action.operation.thing or self._thing
            refused = NotConfirmed(
                f"A person declined to {action.operation.verb or action.operation.name} this {thing} a moment ago",
                details={"said": "decline"},
            )
            await self._audit.refused(refused, **action.facts())
            raise refused

    def _declined(self, action: Action) -> str:
        return self._about("declined", action)

    def _about(self, kind: str, action: Action) -> str:
        # Not the fingerprint: a no holds whatever else the agent says in the next call.
        scope, subject = action.scope.casefold(), action.subject
        return guard_notes.key(kind, self._who(), action.operation.name, scope, subject)

    def _key(self) -> bytes:
        """Return the key of this agent: the token of another agent does not verify with it."""
        return confirmation_tokens.derived(self._master, guard_notes.key("agent", self._who()))
