"""The guard of the fleet: operations, the rules of a role for them, and the action that a call covers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.guard.operation_risk import Operation, Risk, by_name
from ci_mcp_kit.guard.planned_action import PlannedAction
from ci_mcp_kit.guard.rules import Rules
from ci_mcp_kit.guard.spec import REPO_GLOB, GuardSpec, list_of, make_keys
from coder_client.errors import CODER
from drone_mcp_build.scope import RepoScope
from fleet_mcp.variables import GUARD_VARIABLES, OPERATION_NAMES

OPERATIONS: Final = by_name(
    Operation("create", "workspaces.create", Risk.LOW),
    Operation("start", "builds.start", Risk.MEDIUM, also=("messages.send",)),
    Operation("message", "messages.send", Risk.LOW),
    Operation("stop", "builds.stop", Risk.MEDIUM, also=("messages.interrupt",)),
    Operation("link", "builds.stop", Risk.MEDIUM, also=("builds.start",)),
    Operation("delete", "builds.delete", Risk.HIGH),
)
FLEET_GUARD: Final = GuardSpec(
    service=CODER.name,
    thing="agent",
    evidence="the agent's state and its history",
    scope="project",
    scopes="projects",
    scope_words="projects",
    operations=OPERATIONS,
    variables=GUARD_VARIABLES,
    keys=make_keys(
        OPERATION_NAMES,
        "a project",
        {"projects": list_of("Projects whose agents may be changed, owner/name with * as wildcard.", REPO_GLOB)},
    ),
)


@dataclass(frozen=True, kw_only=True)
class FleetAction(PlannedAction):
    """An operation on one agent, "owner/name", of a project; its risk is high where an agent at work is interrupted."""

    agent: str

    @property
    @override
    def subject(self) -> str:
        return " ".join(map(str, (self.agent, *self.state)))

    @override
    def facts(self) -> dict[str, Any]:
        return {
            "operation": self.operation.name,
            "project": self.scope,
            "agent": self.agent,
            "before": list(self.state),
            "texts": [self.contents_of(call) for call in self.calls],
        }


@dataclass(frozen=True, kw_only=True)
class FleetRules(Rules):
    """What one process may change. `projects` are globs; without any, no agent may be changed."""

    spec: ClassVar[GuardSpec] = FLEET_GUARD

    operations: frozenset[str] = frozenset(OPERATION_NAMES)
    projects: tuple[str, ...] = ()

    @override
    def globs_match(self, globs: tuple[str, ...], scope: str) -> bool:
        return RepoScope(globs).sees(scope)
