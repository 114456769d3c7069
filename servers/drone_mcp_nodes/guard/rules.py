"""The guard of the nodes: operations, the rules of a role for them, and the action that a call covers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.guard.operation_risk import Operation, Risk, by_name
from ci_mcp_kit.guard.planned_action import PlannedAction
from ci_mcp_kit.guard.rules import Rules
from ci_mcp_kit.guard.spec import REPO_GLOB, GuardSpec, list_of, make_keys
from drone_mcp_nodes.scope import ServiceScope
from drone_mcp_nodes.variables import GUARD_VARIABLES, OPERATION_NAMES

if TYPE_CHECKING:
    from drone_mcp_nodes.call_description import NodeCall

OPERATIONS: Final = by_name(
    Operation("restart", "RestartService", Risk.LOW),
    Operation("start", "StartService", Risk.LOW),
    Operation("deploy", "Deploy", Risk.MEDIUM),
    Operation("rollback", "RollbackService", Risk.MEDIUM, verb="roll back"),
    Operation("sync", "SyncDesiredState", Risk.MEDIUM),
    Operation("adopt", "AdoptContainer", Risk.MEDIUM, thing="container"),
    Operation("stop", "StopService", Risk.HIGH),
)

NODES_GUARD: Final = GuardSpec(
    service="the nodes",
    thing="service",
    evidence="the service's status and its events",
    scope="service",
    scopes="services",
    scope_words="services",
    operations=OPERATIONS,
    variables=GUARD_VARIABLES,
    keys=make_keys(
        OPERATION_NAMES,
        "a service",
        {"services": list_of("Services that may be changed, node/service with * as wildcard.", REPO_GLOB)},
    ),
)


@dataclass(frozen=True, kw_only=True)
class NodeAction(PlannedAction):
    """An operation on services of one node; its scope is node/service, or node/* where several are synced.

    Attributes:
        services: each service that it changes, as node/service.
    """

    services: tuple[str, ...]

    @property
    @override
    def subject(self) -> str:
        return " ".join(map(str, (self.scope, *self.state)))

    @override
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {"operation": self.operation.name, "service": self.scope, "before": list(self.state)}
        if self.services != (self.scope,):
            facts["services"] = list(self.services)
        return facts | {"request": "".join(map(self.contents_of, self.calls))}

    @override
    def contents_of(self, call: NodeCall) -> str:
        return call.digest


@dataclass(frozen=True, kw_only=True)
class NodeRules(Rules):
    """What one process may change. `services` are globs; without any, no service may be changed."""

    spec: ClassVar[GuardSpec] = NODES_GUARD

    operations: frozenset[str] = frozenset(OPERATION_NAMES)
    services: tuple[str, ...] = ()

    @override
    def globs_match(self, globs: tuple[str, ...], scope: str) -> bool:
        node, _, service = scope.partition("/")
        # A sync names its services only when they were read (`check`), so here it needs one that it may change.
        allowed = ServiceScope(globs)
        return allowed.sees_any_of(node) if service == "*" else allowed.sees(scope)

    @override
    def check(self, action: NodeAction) -> None:
        for service in action.services:
            self.check_scope(service)
