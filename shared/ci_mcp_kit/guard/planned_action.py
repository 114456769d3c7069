"""An action that holds the calls which carry it out, as most domains make them when they plan."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from ci_mcp_kit.guard.action_parameters import NOTHING_ADDED, Additions
from ci_mcp_kit.guard.operation_risk import Operation, Risk


def make_fingerprint(*facts: Any) -> str:
    """Return a short text for facts, which are JSON values; 96 bits, so no others have the same one by chance."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]


@dataclass(frozen=True, kw_only=True)
class PlannedAction(ABC):
    """An operation on a subject in the state in which it was read (a `ci_mcp_kit.guard.protocols.Action`).

    Attributes:
        scope: where it happens.
        state: what of the subject matters for a decision, as JSON values.
        calls: that carry it out; it covers no others.
        at_least: its risk, where that is higher than the operation's.
    """

    operation: Operation
    scope: str
    state: tuple[Any, ...] = ()
    # Not in a repr, and so in no traceback: a body may hold a secret.
    calls: tuple[Any, ...] = field(default=(), repr=False)
    at_least: Risk = Risk.LOW
    additions: Additions = NOTHING_ADDED

    @property
    def risk(self) -> Risk:
        """The operation's, or a higher one where this action does more harm than usual."""
        return max(self.operation.risk, self.at_least)

    @property
    @abstractmethod
    def subject(self) -> str:
        """A short text for the subject in its state."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Return what an audit line says: the subject, its state, and what stands for the contents of the calls."""

    @property
    def fingerprint(self) -> str:
        """A short text for this action on the subject in this state."""
        sent = [(call.operation, call.path, call.params, self.contents_of(call)) for call in self.calls]
        return make_fingerprint(self.facts(), sent)

    @property
    def scope_of_calls(self) -> str | None:
        """The scope that its calls name."""
        return self.scope

    def contents_of(self, call: Any) -> Any:
        """Return what stands for the contents of a call, as a JSON value: a body is too long for an audit line."""
        return hashlib.sha256(json.dumps(call.body, sort_keys=True).encode()).hexdigest()[:16]

    def covers(self, call: Any) -> bool:
        """Return whether the call is one of this action's, in its scope, and of a kind that its operation may send."""
        is_planned = any(call is planned for planned in self.calls)
        return (
            is_planned
            and bool(call.writes)
            and call.scope == self.scope_of_calls
            and self.operation.sends(call.operation)
        )
