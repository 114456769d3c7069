"""The guard: checks, asks, writes down and only then sends."""

from __future__ import annotations

import secrets
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ci_mcp_kit import observing
from ci_mcp_kit.errors import PermissionDenied, ServiceError
from drone_mcp_build.access import client_options
from drone_mcp_build.guard import consent
from drone_mcp_build.guard.audit import Audit, target
from drone_mcp_build.guard.confirming import Confirmations
from drone_mcp_build.guard.errors import NotConfirmed, WritesDisabled
from drone_mcp_build.guard.notes import who
from drone_mcp_build.guard.rate import RateLimit
from drone_mcp_build.guard.rules import Action, Decision, admit, decide
from drone_mcp_build.guard.sinks import sink_of
from drone_mcp_build.scope import RepoScope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from mcp.server.mcpserver import Context
    from mcp.types import InputRequiredResult

    from ci_mcp_http.call import Call
    from ci_mcp_kit.cleaning import Cleaner
    from drone_mcp_build.guard.notes import Notes, Who
    from drone_mcp_build.guard.operations import Operation
    from drone_mcp_build.guard.settings import GuardSettings
    from drone_mcp_build.settings import Settings
    from drone_mcp_client.client import DroneClient

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
        kept: what all processes of this agent agree on.
        clock: gives the Unix time.
    """

    def __init__(
        self,
        settings: Settings,
        guard: GuardSettings,
        clean: Cleaner,
        kept: Notes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.rules = guard.rules
        self._settings = settings
        self._guard = guard
        self._clock = clock
        master = guard.key or secrets.token_bytes(32)
        self.seal = consent.derived(master, "seal")
        signing = consent.derived(guard.key, "audit") if guard.key else None
        self.audit = Audit(sink_of(guard.audit, signing), guard.agent, clean, clock)
        self._scope = RepoScope(settings.repos)
        self._rate = RateLimit(guard.rules.rate, kept)
        confirming = consent.derived(master, "confirm")
        self._confirmations = Confirmations(confirming, self.who, kept, self.audit, clock)
        self._permits: list[Permit] = []
        self._writer: DroneClient | None = None

    async def close(self) -> None:
        """Close the connections that writes use."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.aclose()

    def who(self) -> Who:
        """The agent that is at work."""
        return who(self._guard.agent)

    async def admit(self, operation: Operation, repo: str) -> None:
        """Raise where nothing of the kind may happen in that repository."""
        async with self._on_record(operation=operation.name, repo=repo):
            admit(self.rules, operation, repo)

    async def check(self, action: Action) -> Decision:
        """Decide on the action: every rule, and the rate. Raises what refuses it."""
        async with self._on_record(**target(action)):
            decision = decide(self.rules, action)
            await self._rate.check(self.who(), action.repo, self._clock())
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
        async with self._on_record(**target(action)):
            warrant = self._warrant(action, confirmation)
            await self._rate.take(self.who(), action.repo, self._clock())
        return warrant

    async def begin_again(self, action: Action, confirmation: str) -> Warrant:
        """Decide anew on an action that was begun, on the build as it is now: as `begin`, and not counted twice."""
        async with self._on_record(**target(action)):
            return self._warrant(action, confirmation)

    def _warrant(self, action: Action, confirmation: str) -> Warrant:
        decision = decide(self.rules, action)
        if decision.mode != "on":
            raise WritesDisabled(f"The mode is {decision.mode}: nothing is sent")
        if decision.confirm and not confirmation:
            raise NotConfirmed(f"{action.operation.name} takes a confirmation")
        return Warrant(action, decision, confirmation)

    @asynccontextmanager
    async def _on_record(self, **facts: Any) -> AsyncIterator[None]:
        """Write a line about what the block refuses."""
        try:
            yield
        except ServiceError as refused:
            await self.audit.refused(refused, **facts)
            raise

    async def send(self, warrant: Warrant, call: Call[T]) -> T:
        """Write the audit line, send the call, write what came of it."""
        facts = {**target(warrant.action), "rule": warrant.decision.rule, "confirmation": warrant.confirmation}
        facts["sends"] = f"{call.method} {call.path}"
        await self.audit.note("attempt", decision="allowed", **facts)
        try:
            with self._permitted(call, warrant):
                answer = await self._connected().send(call)
        except ServiceError as error:
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
            self._writer = DroneClient(options, gate=self.gate, watch=observing.request)
        return self._writer
