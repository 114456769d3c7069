"""The guard: checks, asks, writes down and only then sends."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from mcp.types import InputRequiredResult

from drone_mcp_client.errors import DroneError, PermissionDenied
from drone_mcp_kit.access import client_options
from drone_mcp_kit.guard import asking, consent
from drone_mcp_kit.guard.audit import Audit, target
from drone_mcp_kit.guard.errors import NotConfirmed, WritesDisabled
from drone_mcp_kit.guard.rate import RateLimit
from drone_mcp_kit.guard.rules import Action, Decision, admit, decide
from drone_mcp_kit.guard.sinks import sink_of
from drone_mcp_kit.scope import RepoScope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mcp.server.mcpserver import Context

    from drone_mcp_client.call import Call
    from drone_mcp_client.client import DroneClient
    from drone_mcp_kit.cleaning import Cleaner
    from drone_mcp_kit.guard.asking import Reply
    from drone_mcp_kit.guard.consent import Question
    from drone_mcp_kit.guard.operations import Operation
    from drone_mcp_kit.guard.settings import GuardSettings
    from drone_mcp_kit.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Warrant:
    """An action that was decided, confirmed where it must be, and counted. `Guard.begin` makes them."""

    action: Action
    decision: Decision
    confirmation: str


@dataclass(frozen=True, slots=True)
class Permit:
    """One call of a warrant, whose audit line is written. The gate takes it away as the call leaves."""

    call: Call[Any]
    warrant: Warrant


class Guard:
    """What may be changed, by one process.

    Args:
        settings: of the process: where Drone is.
        guard: what may be changed, and with which token.
        clean: rids audit lines of secrets.
        clock: gives the Unix time.
    """

    def __init__(
        self, settings: Settings, guard: GuardSettings, clean: Cleaner, clock: Callable[[], float] = time.time
    ) -> None:
        self.rules = guard.rules
        self._settings = settings
        self._guard = guard
        self._clock = clock
        master = guard.key or secrets.token_bytes(32)
        self.seal = consent.derived(master, "seal")
        self._confirming = consent.derived(master, "confirm")
        signing = consent.derived(guard.key, "audit") if guard.key else None
        self.audit = Audit(sink_of(guard.audit, signing), guard.agent, clean, clock)
        self._scope = RepoScope(settings.repos)
        self._rate = RateLimit(guard.rules.rate)
        self._spent: dict[str, float] = {}
        self._declined: dict[str, float] = {}
        self._permits: list[Permit] = []
        self._writer: DroneClient | None = None

    async def close(self) -> None:
        """Close the connections that writes use."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.aclose()

    async def admit(self, operation: Operation, repo: str) -> None:
        """Raise where nothing of the kind may happen in that repository."""
        try:
            admit(self.rules, operation, repo)
        except DroneError as refused:
            await self._refused(refused, operation=operation.name, repo=repo)
            raise

    async def check(self, action: Action) -> Decision:
        """Decide on the action: every rule, and the rate. Raises what refuses it."""
        try:
            decision = decide(self.rules, action)
            self._rate.check(action.repo, self._clock())
        except DroneError as refused:
            await self._refused(refused, **target(action))
            raise
        return decision

    async def confirm(
        self, context: Context[Any, Any], action: Action, question: str, token: str | None
    ) -> str | InputRequiredResult:
        """Have the action confirmed: how it was, for the audit, or what ends this round of the call.

        A client that can put a form before a person is asked to, and no token counts there. Any other gets a token to
        come back with.

        Raises:
            NotConfirmed: it is not, or not yet.
        """
        self._check_not_declined(action)
        if asking.can_ask(context):
            return await self._by_person(context, action, question)
        if token is None:
            raise await self._ask_for_token(action, question)
        await self._spend(action, token)
        return "token"

    async def begin(self, action: Action, confirmation: str) -> Warrant:
        """Count the action and return the warrant to send its calls with.

        Raises:
            WritesDisabled: the mode is not `on`.
            NotConfirmed: it must be confirmed and was not.
        """
        decision = await self.check(action)
        if decision.mode != "on":
            raise WritesDisabled(f"The mode is {decision.mode}: nothing is sent")
        if decision.confirm and not confirmation:
            raise NotConfirmed(f"{action.operation.name} takes a confirmation")
        self._rate.take(action.repo, self._clock())
        return Warrant(action, decision, confirmation)

    async def send(self, warrant: Warrant, call: Call[T]) -> T:
        """Write the audit line, send the call, write what came of it."""
        facts = {**target(warrant.action), "rule": warrant.decision.rule, "confirmation": warrant.confirmation}
        facts["sends"] = f"{call.method} {call.path}"
        await self.audit.note("attempt", decision="allowed", **facts)
        try:
            with self._permitted(call, warrant):
                answer = await self._connected().send(call)
        except DroneError as error:
            await self.audit.try_note("outcome", outcome=error.code, message=error.message, **facts)
            raise
        except BaseException:
            await self.audit.try_note("outcome", outcome="unknown", **facts)
            raise
        await self.audit.try_note("outcome", outcome="done", **facts)
        return answer

    def gate(self, call: Call[Any]) -> None:
        """See every call of the writing client before it leaves; let one through for which a permit is open."""
        permit = next((permit for permit in self._permits if permit.call is call), None)
        self._scope.gate(call)
        if permit is None:
            raise PermissionDenied(f"{call.operation} leaves only as part of a guarded action, and only once")
        self._permits.remove(permit)
        action = permit.warrant.action
        if decide(self.rules, action).mode != "on" or not action.covers(call):
            raise PermissionDenied(f"{call.operation} is not what was permitted")

    @contextmanager
    def _permitted(self, call: Call[Any], warrant: Warrant) -> Iterator[None]:
        permit = Permit(call, warrant)
        self._permits.append(permit)
        try:
            yield
        finally:
            if permit in self._permits:
                self._permits.remove(permit)

    def _connected(self) -> DroneClient:
        from drone_mcp_client.client import DroneClient  # noqa: PLC0415 - on first use, to start fast

        if self._writer is None:
            token, file = self._guard.write_token, self._guard.write_token_file
            options = client_options(self._settings, token, file, retries=0)
            self._writer = DroneClient(options, gate=self.gate)
        return self._writer

    # Confirmations

    async def _by_person(self, context: Context[Any, Any], action: Action, question: str) -> str | InputRequiredResult:
        reply = asking.replied(context)
        if reply is None or not self._is_about(action, reply.token):
            await self.audit.note("asked", **target(action), confirmation="person")
            token = consent.mint(self._confirming, action, secrets.token_hex(8), self._clock())
            put = await asking.put(context, question, token)
            if isinstance(put, InputRequiredResult):
                return put
            reply = put
        await self._heard(action, reply)
        return f"person: {reply.note}" if reply.note else "person"

    async def _heard(self, action: Action, reply: Reply) -> None:
        """Take the person's word: use up their question, and remember a no."""
        await self._spend(action, reply.token)
        if reply.said == "accept":
            return
        await self.audit.note(reply.said, **target(action), confirmation="person")
        if reply.said == "decline":
            self._declined[action.fingerprint] = self._clock() + consent.LIFE
            raise NotConfirmed(f"The person declined: {action.operation.name} is not done", details={"said": "decline"})
        raise NotConfirmed("The person closed the question without an answer", details={"said": "cancel"})

    async def _ask_for_token(self, action: Action, question: str) -> NotConfirmed:
        token = consent.mint(self._confirming, action, secrets.token_hex(8), self._clock())
        await self.audit.note("asked", **target(action), confirmation="token")
        return NotConfirmed(
            question,
            next_step="Put this question to the person you work for. Only if they agree, call again with the same "
            f"arguments and confirmation from details, within {consent.LIFE} seconds",
            details={"confirmation": token, "seconds": consent.LIFE},
        )

    async def _spend(self, action: Action, token: str) -> None:
        """Use a token up: each confirms one action, once."""
        now = self._clock()
        self._spent = {used: ends for used, ends in self._spent.items() if ends > now}
        try:
            question = self._unspent(action, token, now)
        except NotConfirmed as refused:
            await self._refused(refused, **target(action))
            raise
        self._spent[question.number] = float(question.ends)

    def _unspent(self, action: Action, token: str, now: float) -> Question:
        question = consent.check(self._confirming, token, action, now)
        if question.number in self._spent:
            raise NotConfirmed("That confirmation was used before", next_step=consent.AGAIN)
        return question

    def _is_about(self, action: Action, token: str) -> bool:
        """Whether the person was asked about this very action; if not, they are asked again."""
        try:
            consent.check(self._confirming, token, action, self._clock())
        except NotConfirmed:
            return False
        return True

    def _check_not_declined(self, action: Action) -> None:
        if self._declined.get(action.fingerprint, 0.0) > self._clock():
            raise NotConfirmed(
                f"A person declined to {action.operation.name} this build a moment ago", details={"said": "decline"}
            )

    async def _refused(self, error: DroneError, **facts: Any) -> None:
        rule = error.details.get("rule", "")
        await self.audit.try_note("refused", decision="refused", rule=rule, outcome=error.code, **facts)
