"""Carries out one call of a tool that changes something, from the first check to the answer."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import anyio
from mcp.types import InputRequiredResult

from ci_mcp_kit.errors import Conflict, ServiceError
from ci_mcp_kit.guard.change import A, Change, Plan, Sent, V
from ci_mcp_kit.guard.errors import NotConfirmed, NotesUnavailable, OutcomeUnknown
from ci_mcp_kit.guard.guard_notes import key
from ci_mcp_kit.guard.repeating import RecentCalls
from ci_mcp_kit.outgoing_text import one_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mcp.server.mcpserver import Context

    from ci_mcp_kit.guard.guard import Guard, Warrant
    from ci_mcp_kit.guard.rules import Decision

LONGEST_FACT: Final = 120  # characters of an argument in an audit line


# Seconds, longer than any call takes from its plan to its answer. Afterwards the service shows the new state.
CLAIMED: Final = 600.0
LOOK_AGAIN: Final = "Look at what was done, and call again if it is still wanted"


class Actor:
    """Carries out changes, through the guard.

    Args:
        guard: every request passes it.
        patience: seconds that the service has for an answer.
        clock: gives the Unix time.
    """

    def __init__(self, guard: Guard, patience: float, clock: Callable[[], float]) -> None:
        self._guard = guard
        self._recent = RecentCalls(guard.rules.spec, guard.who, guard.kept, patience)
        self._clock = clock

    async def act(
        self, context: Context[Any, Any] | None, change: Change[A, V], *, dry_run: bool, token: str | None
    ) -> V | InputRequiredResult:
        """Check a change, then rehearse it, or confirm and carry it out.

        Args:
            context: of the call, for a question to the person behind the client; None where nobody can be asked.
            change: what to do.
            dry_run: whether to rehearse only.
            token: a confirmation that an earlier call handed out.

        Returns:
            The answer, or what ends this round of the call with a question.
        """
        guard = self._guard
        # First, because it needs no request: whatever this role may never do is refused without asking the service.
        await guard.admit(change.operation, change.scope)
        rehearses = dry_run or self.rehearses
        # A rehearsal sends nothing: it does not count as the same call, and is not answered with an earlier call's
        # answer.
        async with self._on_record(change):
            earlier = None if rehearses else await self._recent.find(change.identity(), self._clock())
        if earlier is not None:
            return await self._repeat(change, earlier)
        async with self._on_record(change):
            plan = await change.plan()
        if plan.nothing:
            # Before the rules: where nothing is sent, there is nothing to allow, to confirm or to count.
            await guard.audit.try_note("nothing", outcome="not_sent", **plan.action.facts())
            return change.describe_nothing(plan)
        decision = await guard.check(plan.action)
        if rehearses:
            allowed = {"decision": "allowed", "rule": decision.rule, "sends": plan.requests}
            await guard.audit.try_note("dry-run", outcome="not_sent", **allowed, **plan.action.facts())
            return change.describe_rehearsal(plan, decision)
        confirmed = await self._confirm(context, change, plan, decision, token)
        return confirmed if isinstance(confirmed, InputRequiredResult) else await self._do(change, *confirmed)

    @property
    def rehearses(self) -> bool:
        """Whether this process sends nothing."""
        return self._guard.rules.mode != "on"

    async def begin_asking(self, change: Change[A, V], asked: str) -> None:
        """Check that this role may do a change at all, and write a line, before a person is asked for a part of it.

        Args:
            change: what to do.
            asked: in which way, for the line.
        """
        await self._guard.admit(change.operation, change.scope)
        await self._guard.audit.note("asked", **change.facts(), confirmation=asked)

    @asynccontextmanager
    async def recording_refusals(self, **facts: Any) -> AsyncIterator[None]:
        """Write a line about a call that is refused inside the block, before there is a change to act on.

        Args:
            facts: for the audit line, as the caller gave them; a name that the error has for the scope replaces theirs.
        """
        try:
            yield
        except ServiceError as error:
            scope = self._guard.rules.spec.scope
            named = {scope: error.details[scope]} if error.details.get(scope) else {}
            short = {
                key: one_line(fact, LONGEST_FACT) if isinstance(fact, str) else fact for key, fact in facts.items()
            }
            await self._guard.audit.refused(error, **(short | named))
            raise

    async def _repeat(self, change: Change[A, V], earlier: str) -> V:
        await self._guard.audit.try_note("repeated", outcome="not_sent", **change.facts())
        return change.describe_repeated(earlier)

    async def _confirm(
        self,
        context: Context[Any, Any] | None,
        change: Change[A, V],
        plan: Plan[A],
        decision: Decision,
        token: str | None,
    ) -> tuple[Plan[A], str] | InputRequiredResult:
        """Have the change confirmed, if it must be; return the plan to carry out and the confirmation."""
        if not decision.confirm:
            return plan, ""
        if context is None:
            async with self._on_record(change):
                raise NotConfirmed(f"{change.subject} takes a confirmation, and there is nobody to ask")
        try:
            confirmed = await self._guard.confirm(context, plan.action, plan.question, token)
        except anyio.get_cancelled_exc_class():
            await self._guard.audit.try_note("cancelled", outcome="not_sent", **plan.action.facts())
            raise
        if isinstance(confirmed, InputRequiredResult):
            return confirmed
        # A person takes their time: what they agreed to must still be what would be done.
        async with self._on_record(change):
            again = await change.plan()
            if again.action.fingerprint != plan.action.fingerprint:
                raise Conflict(f"{change.subject} has moved on while its confirmation was under way")
        return again, confirmed

    @asynccontextmanager
    async def _on_record(self, change: Change[A, V]) -> AsyncIterator[None]:
        """Write a line about an error that ends a call before anything was sent."""
        try:
            yield
        except ServiceError as error:
            await self._guard.audit.refused(error, outcome="not_sent", **change.facts())
            raise
        except anyio.get_cancelled_exc_class():
            await self._guard.audit.try_note("cancelled", outcome="not_sent", **change.facts())
            raise

    async def _do(self, change: Change[A, V], plan: Plan[A], confirmed: str) -> V:
        # Claimed now, although `act` has looked: the same call may have begun elsewhere while a person was being asked.
        async with self._on_record(change):
            earlier = await self._recent.begin(change.identity(), self._clock())
        if earlier is not None:
            return await self._repeat(change, earlier)
        try:
            plan, sent = await self._send_alone(change, plan, confirmed)
        except ServiceError as error:
            # A cancelled call does not come here and stays noted as sent: its request may have left.
            if error.outcome_unknown:
                await self._recent.unanswered(change.identity(), self._clock())
            else:
                # Certainly not done, so the agent may correct the cause and call again at once.
                await self._recent.forget(change.identity())
            raise
        view = await change.describe_done(plan, sent) if sent.answers else change.describe_nothing(plan)
        await self._recent.answered(change.identity(), view.model_dump_json(), self._clock(), change.window)
        return view

    async def _send_alone(self, change: Change[A, V], plan: Plan[A], confirmed: str) -> tuple[Plan[A], Sent]:
        """Send the calls, unless a call of any agent that replaces the same state has been sent.

        Raises:
            Conflict: it has.
        """
        if not plan.replaces:
            return await self._send(change, plan, confirmed)
        kept, state = self._guard.kept, key("replaces", plan.action.scope, plan.replaces)
        async with self._on_record(change):
            if await kept.claim(state, "claimed", CLAIMED, at=self._clock()) is not None:
                raise Conflict(f"{change.subject} was changed by another call a moment ago", next_step=LOOK_AGAIN)
        try:
            plan, sent = await self._send(change, plan, confirmed)
        except ServiceError as error:
            if not error.outcome_unknown:
                with suppress(NotesUnavailable):
                    await kept.drop_note(state)
            raise
        if sent.did_nothing:
            with suppress(NotesUnavailable):
                await kept.drop_note(state)
        return plan, sent

    async def _send(self, change: Change[A, V], plan: Plan[A], confirmed: str) -> tuple[Plan[A], Sent]:
        """Send the calls; if the subject has changed meanwhile, plan and decide again, once."""
        try:
            warrant = await self._guard.begin(plan.action, confirmed)
            return plan, await self._send_calls(change, plan, warrant)
        except OutcomeUnknown:
            raise
        except Conflict:
            # Only the first call raises it (`_send_calls`), so nothing was changed and nothing is sent twice. A second
            # conflict goes to the agent: a subject that changes so fast takes a decision, not a loop.
            again = await change.plan()
        if again.nothing:
            return again, Sent()
        if not change.keeps_decision(plan.action, again.action):
            raise Conflict(f"{change.subject} has changed so much that it needs a new decision")
        warrant = await self._guard.begin_again(again.action, confirmed)
        return again, await self._send_calls(change, again, warrant)

    async def _send_calls(self, change: Change[A, V], plan: Plan[A], warrant: Warrant) -> Sent:
        """Send one call after another; an error after a success ends the sequence and becomes part of the answer."""
        sent = Sent()
        for index, call in enumerate(plan.calls):
            try:
                async with change.while_sending():
                    answer = await self._guard.send(warrant, call)
                sent = replace(sent, answers=(*sent.answers, answer))
            except ServiceError as error:
                try:
                    found = await self._look_for_effect(change, plan, index, error)
                except ServiceError as failed:
                    if not sent.answers:
                        raise failed from error
                    return replace(sent, failed=failed)
                sent = Sent((*sent.answers, *found.answers), found=True)
        return sent

    async def _look_for_effect(self, change: Change[A, V], plan: Plan[A], index: int, error: ServiceError) -> Sent:
        """Return the effect of a call whose answer was lost; raise where nothing shows it."""
        if not error.outcome_unknown:
            raise error
        found = None
        with suppress(ServiceError):
            found = await change.find_effect(plan, index)
        await self._guard.audit.try_note("looked", outcome="done" if found else "unknown", **plan.action.facts())
        if found is None:
            message = (
                f"{change.subject}: it is unknown whether {change.operation.name} was carried out. {error.message}"
            )
            details = {**error.details, "cause": error.code}
            raise OutcomeUnknown(message, self._guard.rules.spec.evidence, status=error.status, details=details)
        return found
