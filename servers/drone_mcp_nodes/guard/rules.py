"""The guard of the nodes: operations, the rules of a role for them, and the action that a call covers. Pure."""

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
from drone_mcp_nodes.scope import ServiceScope
from drone_mcp_nodes.variables import GUARD_VARIABLES, OPERATION_NAMES

if TYPE_CHECKING:
    from drone_mcp_nodes.calls import NodeCall

OPERATIONS: Final = {
    operation.name: operation
    for operation in (
        Operation("restart", "RestartService", Risk.LOW),
        Operation("start", "StartService", Risk.LOW),
        Operation("deploy", "Deploy", Risk.MEDIUM),
        Operation("rollback", "RollbackService", Risk.MEDIUM, verb="roll back"),
        Operation("sync", "SyncDesiredState", Risk.MEDIUM),
        Operation("adopt", "AdoptContainer", Risk.MEDIUM, thing="container"),
        Operation("stop", "StopService", Risk.HIGH),
    )
}

NODES_GUARD: Final = GuardSpec(
    service="the nodes",
    thing="service",
    evidence="the service's status and its events",
    scope="service",
    scopes="services",
    scope_words="services",
    variables=GUARD_VARIABLES,
    keys={
        "services": list_of("Services that may be changed, node/service with * as wildcard.", REPO_GLOB),
        "operations": operations_key(OPERATION_NAMES),
        "confirm": CONFIRM_KEY,
        "rate": rate_key("a service"),
        "audit": AUDIT_KEY,
        "key": SIGNING_KEY,
    },
)


@dataclass(frozen=True, kw_only=True)
class NodeAction:
    """An operation on services of one node in the state in which they were read (a `guard.protocols.Action`).

    Attributes:
        scope: node/service; where several services are synced, node/* .
        services: each service that it changes, as node/service.
        state: what matters for a decision of the state that was read, as JSON values.
        digest: of the request that it sends; "" where it sends none.
        risk: that of the operation, or a higher one where it stops something.
    """

    operation: Operation
    scope: str
    services: tuple[str, ...]
    state: tuple[Any, ...] = ()
    digest: str = ""
    risk: Risk
    additions: Additions = NOTHING_ADDED

    @property
    def fingerprint(self) -> str:
        """A short text for this action on the services in this state."""
        facts = [self.operation.name, self.scope, list(self.services), list(self.state), self.digest]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]

    @property
    def subject(self) -> str:
        """The service and its state."""
        return " ".join(map(str, (self.scope, *self.state)))

    def facts(self) -> dict[str, Any]:
        """Return what an audit line says of it."""
        facts: dict[str, Any] = {"operation": self.operation.name, "service": self.scope, "before": list(self.state)}
        if self.services != (self.scope,):
            facts["services"] = list(self.services)
        return facts | {"request": self.digest}

    def covers(self, call: NodeCall) -> bool:
        """Check that the call is the one of this action."""
        return call.operation == self.operation.call and call.scope == self.scope and call.digest == self.digest


@dataclass(frozen=True, kw_only=True)
class NodeRules(Rules):
    """What one process may change. `services` are globs; without any, no service may be changed."""

    spec: ClassVar[GuardSpec] = NODES_GUARD

    operations: frozenset[str] = frozenset(OPERATION_NAMES)
    services: tuple[str, ...] = ()

    @override
    def check_scope(self, scope: str) -> None:
        node, _, service = scope.partition("/")
        # A sync names its services only when they were read (`check`), so here it needs one that it may change.
        allowed = ServiceScope(self.services)
        is_allowed = allowed.sees_any_of(node) if service == "*" else allowed.sees(scope)
        # Reading without globs sees every service; changing without globs changes none.
        if not (self.services and is_allowed):
            raise self.refusal("services", f"This role may not change {scope or 'an unknown service'}")

    @override
    def check(self, action: NodeAction) -> None:
        for service in action.services:
            self.check_scope(service)
