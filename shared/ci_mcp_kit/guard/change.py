"""The interface of a change: a domain plans it on the current state of its subject, and describes the outcome."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from ci_mcp_kit.answer import View
from ci_mcp_kit.guard.protocols import Action
from ci_mcp_kit.guard.repeating import A_DAY, WINDOW
from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.sentences import begin_sentence

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from ci_mcp_kit.errors import ServiceError
    from ci_mcp_kit.guard.operation_risk import Operation
    from ci_mcp_kit.guard.protocols import Request
    from ci_mcp_kit.guard.rules import Decision
    from ci_mcp_kit.guard.spec import GuardSpec

A = TypeVar("A", bound=Action)
V = TypeVar("V", bound=View)

NAME_WIDTH: Final = 60  # characters of a parameter's name


@dataclass(frozen=True, kw_only=True)
class Plan(Generic[A]):
    """One action, and the calls that carry it out.

    Attributes:
        calls: what is sent, in order; none where there is nothing to do.
        effect: what they do, as a verb phrase: "restart build 7 of octo/hello as a new build".
        notes: what a person should know before they agree, a sentence each.
        nothing: why there is nothing to do, in a sentence.
        replaces: the state that it replaces, as JSON values: of all calls planned on it, whoever makes them, one is
            carried out; empty where any number may be.
    """

    action: A
    calls: tuple[Request, ...] = ()
    effect: str
    notes: tuple[str, ...] = ()
    nothing: str = ""
    replaces: tuple[Any, ...] = ()

    @property
    def question(self) -> str:
        """The question that a person is asked."""
        return "\n".join([f"{begin_sentence(self.effect)}?", *self.all_notes])

    @property
    def all_notes(self) -> tuple[str, ...]:
        """The additions of the agent, then the notes."""
        return (*self.action.additions.notes(), *self.notes)

    @property
    def requests(self) -> tuple[str, ...]:
        """The calls for a reader: method, path, and the names of parameters."""
        texts = []
        for call in self.calls:
            # Names only: this is shown in answers and written to the audit log, and values may be secrets.
            names = ", ".join(one_line(name, NAME_WIDTH) for name, _ in (*call.params, *call.form))
            texts.append(f"{call.method} {call.path}" + (f" with {names}" if names else ""))
        return tuple(texts)


@dataclass(frozen=True)
class Sent:
    """The outcome of the calls that were sent.

    Attributes:
        answers: in order.
        failed: the error that ended the sequence early.
        found: whether an answer was lost, and what it would have said was found in the service.
    """

    answers: tuple[Any, ...] = ()
    failed: ServiceError | None = None
    found: bool = False

    @property
    def did_nothing(self) -> bool:
        """Whether the service has answered every call with nothing, as one that had nothing to do."""
        return all(answer is None for answer in self.answers)


@dataclass(frozen=True, kw_only=True)
class Change(ABC, Generic[A, V]):
    """One call of a tool that changes something. A domain derives its own, with the arguments of the call.

    Attributes:
        spec: the guard of the domain.
        name: of the operation.
        once: a key; a call with the same key changes nothing again. "" where a tool takes none, or got none.
    """

    spec: ClassVar[GuardSpec]

    name: str
    once: str = ""

    @property
    def operation(self) -> Operation:
        """The kind of change."""
        return self.spec.operations[self.name]

    @property
    @abstractmethod
    def scope(self) -> str:
        """Where it happens."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """The subject of the change, for the beginning of a sentence: "Build 7"."""

    @property
    @abstractmethod
    def view(self) -> type[V]:
        """The type of its answer. It has `outcome`, `message`, `needs_confirmation`, `notes` and `next_step`."""

    @abstractmethod
    def subject_identity(self) -> tuple[Any, ...]:
        """Return the arguments that name the subject, as JSON values."""

    @abstractmethod
    def contents(self) -> tuple[Any, ...]:
        """Return the other arguments, as JSON values; two calls without a key that differ in one are not the same."""

    def identity(self) -> tuple[Any, ...]:
        """Return what makes two calls the same call, as JSON values."""
        return (self.name, *self.subject_identity(), *(("once", self.once) if self.once else self.contents()))

    @property
    def window(self) -> float:
        """The seconds within which the same call counts as a repetition, and is answered as the first one was."""
        return A_DAY if self.once else WINDOW

    def facts(self) -> dict[str, Any]:
        """Return the facts for an audit line before anything was read."""
        return {"operation": self.operation.name, self.spec.scope: self.scope}

    @abstractmethod
    async def plan(self) -> Plan[A]:
        """Read the subject as it is now, and plan."""

    def keeps_decision(self, before: A, now: A) -> bool:
        """Return whether a decision on `before` holds for `now`, the same change planned on a newer state."""
        return before.fingerprint == now.fingerprint

    @abstractmethod
    async def find_effect(self, plan: Plan[A], index: int) -> Sent | None:
        """Look whether a call of the plan, whose answer was lost, has been carried out.

        Return what it would have been answered; None where the service does not show that it was.
        """

    def while_sending(self) -> AbstractAsyncContextManager[object]:
        """Return a context for the time that a call is under way, in which a domain may report progress."""
        return nullcontext()

    @abstractmethod
    def describe(self, plan: Plan[A], outcome: Any, message: str, **fields: Any) -> V:
        """Return an answer: what all answers about this plan have, and these fields."""

    def describe_nothing(self, plan: Plan[A]) -> V:
        """Return the answer where there was nothing to do."""
        return self.describe(plan, "nothing_to_do", plan.nothing)

    def describe_rehearsal(self, plan: Plan[A], decision: Decision) -> V:
        """Return the answer that says what would be done."""
        off = f"the operator of this server can set {self.spec.variable('mode')} to on"
        how = "call again without dry_run" if decision.mode == "on" else off
        return self.describe(
            plan,
            "dry_run",
            f"This would {plan.effect}. Nothing was sent",
            needs_confirmation=decision.confirm,
            notes=plan.all_notes,
            next_step=f"To do it, {how}" + ("; it then needs a confirmation" if decision.confirm else ""),
        )

    @abstractmethod
    async def describe_done(self, plan: Plan[A], sent: Sent) -> V:
        """Return the answer after at least one call was answered."""

    def describe_repeated(self, earlier: str) -> V:
        """Return an earlier answer to the same call, which is JSON text, marked as that."""
        fields = json.loads(earlier)
        when = "with this key" if self.once else "less than a minute ago"
        note = f"The same call was answered {when}; nothing was sent again"
        return self.view.model_validate(fields | {"outcome": "repeated", "notes": [*fields.get("notes", ()), note]})
