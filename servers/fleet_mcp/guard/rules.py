"""The guard of the fleet: operations, the rules of a role for them, and the action that a call covers. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.guard.operations import Operation, Risk
from ci_mcp_kit.guard.rules import Rules
from ci_mcp_kit.guard.spec import (
    AUDIT_KEY,
    CONFIRM_KEY,
    REPO_GLOB,
    SIGNING_KEY,
    GuardSpec,
    list_of,
    operations_key,
    rate_key,
)
from ci_mcp_kit.guard.write_parameters import NOTHING_ADDED, Additions
from coder_client.errors import CODER
from drone_mcp_build.scope import RepoScope
from fleet_mcp.variables import GUARD_VARIABLES, OPERATION_NAMES

if TYPE_CHECKING:
    from ci_mcp_http.call import Call

OPERATIONS: Final = {
    operation.name: operation
    for operation in (
        Operation("create", "workspaces.create", Risk.LOW),
        Operation("start", "builds.start", Risk.MEDIUM),
        Operation("message", "messages.send", Risk.LOW),
        Operation("stop", "builds.stop", Risk.MEDIUM),
        Operation("link", "builds.stop", Risk.MEDIUM),
        Operation("delete", "builds.delete", Risk.HIGH),
    )
}
# What an operation may send in place of the call that it is named for.
ALSO_SENDS: Final = {"start": {"messages.send"}, "stop": {"messages.interrupt"}, "link": {"builds.start"}}

FLEET_GUARD: Final = GuardSpec(
    service=CODER.name,
    thing="agent",
    evidence="the agent's state and its history",
    scope="project",
    scopes="projects",
    scope_words="projects",
    variables=GUARD_VARIABLES,
    keys={
        "projects": list_of(
            "Projects whose agents may be changed, owner/name with * as wildcard.",
            REPO_GLOB,
        ),
        "operations": operations_key(OPERATION_NAMES),
        "confirm": CONFIRM_KEY,
        "rate": rate_key("a project"),
        "audit": AUDIT_KEY,
        "key": SIGNING_KEY,
    },
)


@dataclass(frozen=True, slots=True)
class Request:
    """What an action sends; the digest stands for its body, which is too long for an audit line."""

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
class FleetAction:
    """An operation on one agent in the state in which it was read (a `ci_mcp_kit.guard.protocols.Action`).

    Attributes:
        agent: "owner/name".
        state: what of the agent matters for a decision, as JSON values.
        risk: the operation's, or a higher one where an agent at work is interrupted.
        requests: what it sends.
    """

    operation: Operation
    project: str
    agent: str
    state: tuple[Any, ...] = ()
    risk: Risk
    requests: tuple[Request, ...] = ()
    additions: Additions = NOTHING_ADDED

    @property
    def scope(self) -> str:
        """The project."""
        return self.project

    @property
    def fingerprint(self) -> str:
        """A short text for this action on the agent in this state."""
        sent = [(one.call, one.path, one.digest) for one in self.requests]
        facts = [self.operation.name, self.project, self.agent, list(self.state), sent]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]

    @property
    def subject(self) -> str:
        """The agent and its state."""
        return " ".join(map(str, (self.agent, *self.state)))

    def facts(self) -> dict[str, Any]:
        """Return what an audit line says of it: the agent and its state, and a digest of each text that is sent."""
        return {
            "operation": self.operation.name,
            "project": self.project,
            "agent": self.agent,
            "before": list(self.state),
            "texts": [one.digest for one in self.requests],
        }

    def covers(self, call: Call[Any]) -> bool:
        """Check that the call is one of this action's, and of a kind that its operation may send."""
        allowed = {self.operation.call, *ALSO_SENDS.get(self.operation.name, ())}
        is_there = call.scope == self.project and not call.params and not call.form
        return call.writes and is_there and call.operation in allowed and Request.of(call) in self.requests


@dataclass(frozen=True, kw_only=True)
class FleetRules(Rules):
    """What one process may change. `projects` are globs; without any, no agent may be changed."""

    spec: ClassVar[GuardSpec] = FLEET_GUARD

    operations: frozenset[str] = frozenset(OPERATION_NAMES)
    projects: tuple[str, ...] = ()

    @override
    def check_scope(self, scope: str) -> None:
        # Reading without globs sees every project; changing without globs changes none.
        if not (self.projects and RepoScope(self.projects).sees(scope)):
            raise self.refusal("projects", f"This role may change no agent of {scope or 'an unknown project'}")

    @override
    def check(self, action: FleetAction) -> None:
        """Refuse nothing further: operations and projects are all that rules are about."""
