"""The guard: checks an action, has it confirmed, writes the audit line, and only then sends."""

from __future__ import annotations

import secrets
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.errors import PermissionDenied, ServiceError
from ci_mcp_kit.guard import confirmation_tokens
from ci_mcp_kit.guard.audit import Audit, describe_failure
from ci_mcp_kit.guard.audit_sinks import sink_of
from ci_mcp_kit.guard.confirming import Confirmations
from ci_mcp_kit.guard.errors import NotConfirmed
from ci_mcp_kit.guard.guard_notes import who
from ci_mcp_kit.guard.rate import RateLimit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mcp.server.mcpserver import Context
    from mcp.types import InputRequiredResult

    from ci_mcp_kit.guard.guard_notes import GuardNotes, Who
    from ci_mcp_kit.guard.operation_risk import Operation
    from ci_mcp_kit.guard.protocols import Action, Gate, Request, Writer
    from ci_mcp_kit.guard.rules import Decision
    from ci_mcp_kit.guard.settings import GuardSettings
    from ci_mcp_kit.outgoing_text import Cleaner


@dataclass(frozen=True, slots=True)
class Warrant:
    """An action that was allowed, confirmed if necessary, and counted. `Guard.begin` makes them."""

    action: Action
    decision: Decision
    confirmation: str


@dataclass(frozen=True, slots=True, eq=False)  # two permits for equal calls are not the same permit
class Permit:
    """Permission to send one call of a warrant, after its audit line was written. The gate removes it."""

    call: Request
    warrant: Warrant


class Guard:
    """Guards the changes of one process.

    Args:
        settings: the rules, the key, the audit log and the agent.
        clean: redacts audit lines.
        kept: the notes that all processes of this agent share.
        connect: makes the client that may write, from the gate that it must show every call to; called on first use.
        clock: gives the Unix time.
    """

    def __init__(
        self,
        settings: GuardSettings,
        clean: Cleaner,
        kept: GuardNotes,
        connect: Callable[[Gate], Writer],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.rules = settings.rules
        self.kept = kept
        self._agent = settings.agent
        self._connect = connect
        self._clock = clock
        # A random key is enough for a single process: neither a token nor a sealed state is used after its end.
        master = settings.key or secrets.token_bytes(32)
        self.seal = confirmation_tokens.derived(master, "seal")
        # Never the random key: audit lines outlive the process, and nobody could verify them.
        signing = confirmation_tokens.derived(settings.key, "audit") if settings.key else None
        self.audit = Audit(sink_of(settings.audit, signing), settings.agent, clean, clock)
        self._rate = RateLimit(settings.rules.rate, kept)
        confirming = confirmation_tokens.derived(master, "confirm")
        questions = RateLimit(settings.rules.rate.doubled(), kept, "questions")
        thing = self.rules.spec.thing
        self._confirmations = Confirmations(thing, confirming, self.who, kept, self.audit, questions, clock)
        # A list, because a process that serves several callers sends several calls at once.
        self._permits: list[Permit] = []
        self._writer: Writer | None = None

    async def close(self) -> None:
        """Close the connections that writes use."""
        # Taken out first: a call that comes meanwhile opens a client of its own, not one that is half closed.
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.aclose()

    def who(self) -> Who:
        """Return the agent that is making the current call."""
        return who(self._agent)

    async def admit(self, operation: Operation, scope: str) -> None:
        """Refuse an operation that is not allowed in a scope, whatever its subject is."""
        async with self._on_record({"operation": operation.name, self.rules.spec.scope: scope}):
            self.rules.admit(operation, scope)

    async def check(self, action: Action) -> Decision:
        """Decide on the action by every rule and the rate; raise the error of the one that refuses it."""
        async with self._on_record(action.facts()):
            decision = self.rules.decide(action)
            await self._rate.check(self.who(), action.scope, self._clock())
        return decision

    async def confirm(
        self, context: Context[Any, Any], action: Action, question: str, token: str | None
    ) -> str | InputRequiredResult:
        """Have the action confirmed; as `Confirmations.confirm`."""
        return await self._confirmations.confirm(context, action, question, token)

    async def begin(self, action: Action, confirmation: str) -> Warrant:
        """Count the action and return the warrant to send its calls with.

        Raises:
            WritesDisabled: the mode is not `on`.
            NotConfirmed: it must be confirmed and was not.
        """
        async with self._on_record(action.facts()):
            warrant = self._warrant(action, confirmation)
            await self._rate.take(self.who(), action.scope, self._clock())
        return warrant

    async def begin_again(self, action: Action, confirmation: str) -> Warrant:
        """Decide again on an action that was begun, for the current state of its subject; it is not counted twice."""
        async with self._on_record(action.facts()):
            return self._warrant(action, confirmation)

    def _warrant(self, action: Action, confirmation: str) -> Warrant:
        decision = self.rules.decide(action)
        if decision.mode != "on":
            raise self.rules.disabled(f"The mode is {decision.mode}: nothing is sent")
        if decision.confirm and not confirmation:
            raise NotConfirmed(f"{action.operation.name} needs a confirmation")
        return Warrant(action, decision, confirmation)

    @asynccontextmanager
    async def _on_record(self, facts: dict[str, Any]) -> AsyncIterator[None]:
        """Write a line about a refusal in the block."""
        try:
            yield
        except ServiceError as refused:
            await self.audit.refused(refused, **facts)
            raise

    async def send(self, warrant: Warrant, call: Request) -> Any:
        """Write the audit line of an attempt, send the call, and write the line of its outcome."""
        facts = {**warrant.action.facts(), "rule": warrant.decision.rule, "confirmation": warrant.confirmation}
        facts["sends"] = f"{call.method} {call.path}"
        # `note` and not `try_note`: if this line cannot be written, nothing is sent. What happened later can only be
        # noted.
        await self.audit.note("attempt", decision="allowed", **facts)
        permit = Permit(call, warrant)
        self._permits.append(permit)
        try:
            if self._writer is None:
                self._writer = self._connect(self.gate)
            answer = await self._writer.send(call)
        except BaseException as error:
            left = permit not in self._permits
            await self.audit.try_note("outcome", **describe_failure(error, left=left), **facts)
            raise
        finally:
            # Still there if the call has failed before it reached the gate. It must not let a later call through.
            if permit in self._permits:
                self._permits.remove(permit)
        await self.audit.try_note("outcome", outcome="done", **facts)
        return answer

    def gate(self, call: Request) -> None:
        """Let a call of the writing client through if it has an open permit; every call comes here before it leaves."""
        # By identity, because a permit is for this one object and not for any call that is equal to it.
        permit = next((permit for permit in self._permits if permit.call is call), None)
        if permit is None:
            raise PermissionDenied(f"{call.operation} is sent only as part of a guarded action, and only once")
        # Removed before anything else: if the client repeats the call by itself, the gate sees it again and finds no
        # permit.
        self._permits.remove(permit)
        action = permit.warrant.action
        # Decided once more, at the last place before the network, so that no mistake of a caller gets past the rules.
        if self.rules.decide(action).mode != "on" or not action.covers(call):
            raise PermissionDenied(f"{call.operation} is not what was permitted")
