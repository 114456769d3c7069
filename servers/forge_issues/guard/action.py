"""The operations on issues and pull requests."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.guard.operations import Operation, Risk
from ci_mcp_kit.guard.write_parameters import NOTHING_ADDED, Additions

if TYPE_CHECKING:
    from ci_mcp_http.call import Call

OPERATIONS: Final = {
    operation.name: operation
    for operation in (
        Operation("open", "issues.create", Risk.LOW),
        # What others have written is replaced, and the forge does not show everybody what was there before.
        Operation("update", "issues.update", Risk.MEDIUM),
        Operation("comment", "comments.create", Risk.LOW),
        # A new pull request makes the CI server build its branch.
        Operation("propose", "pulls.create", Risk.MEDIUM, thing="pull request"),
        Operation("report", "comments.create", Risk.LOW, thing="build"),
        Operation("track", "issues.create", Risk.LOW, thing="flaky step"),
    )
}
# What an operation may send besides the call that it is named for.
ALSO_SENDS: Final = {"update": {"labels.set"}, "report": {"comments.update"}, "track": {"issues.update"}}


@dataclass(frozen=True, slots=True)
class Request:
    """One request of an action; a digest replaces its body, which is too long for an audit line."""

    call: str
    method: str
    path: str
    digest: str

    @classmethod
    def of(cls, call: Call[Any]) -> Request:
        """Return that of a call."""
        digest = hashlib.sha256(json.dumps(call.body, sort_keys=True).encode()).hexdigest()[:16]
        return cls(call.operation, call.method, call.path, digest)


@dataclass(frozen=True, kw_only=True)
class ForgeAction:
    """An operation in one repository, on the subject in the state in which it was read.

    It is a `ci_mcp_kit.guard.protocols.Action`.

    Attributes:
        repo: "owner/name", as the forge writes it.
        number: of the issue or pull request; 0 for a new one.
        state: what of the subject matters for a decision, as JSON values.
        requests: what it sends.
    """

    operation: Operation
    repo: str
    number: int = 0
    state: tuple[Any, ...] = ()
    requests: tuple[Request, ...] = ()
    additions: Additions = NOTHING_ADDED

    @property
    def scope(self) -> str:
        """The repository."""
        return self.repo

    @property
    def risk(self) -> Risk:
        """The operation's."""
        return self.operation.risk

    @property
    def fingerprint(self) -> str:
        """A short text for this action on the subject in this state."""
        sent = [(one.call, one.path, one.digest) for one in self.requests]
        facts: list[Any] = [self.operation.name, self.repo, self.number, self.state, sent]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]

    @property
    def subject(self) -> str:
        """The issue or pull request; for a new one, what it is made from."""
        return f"#{self.number}" if self.number else " ".join(one.digest for one in self.requests)

    def facts(self) -> dict[str, Any]:
        """Return what an audit line says: the subject and its state, and a digest of each text that is sent."""
        return {
            "operation": self.operation.name,
            "repo": self.repo,
            "issue": self.number or None,
            "before": list(self.state),
            "texts": [one.digest for one in self.requests],
        }

    def covers(self, call: Call[Any]) -> bool:
        """Check that the call is one of this action's, and of a kind that its operation may send."""
        allowed = {self.operation.call, *ALSO_SENDS.get(self.operation.name, ())}
        is_there = call.scope == self.repo and not call.params and not call.form
        return call.writes and is_there and call.operation in allowed and Request.of(call) in self.requests
