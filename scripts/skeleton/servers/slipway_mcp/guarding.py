"""The operations on releases, and the rules of a role for them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from ci_mcp_kit.guard.operation_risk import Operation, Risk, by_name
from ci_mcp_kit.guard.planned_action import PlannedAction
from ci_mcp_kit.guard.rules import Rules, matches
from ci_mcp_kit.guard.spec import NAME_GLOB, GuardSpec, list_of, make_keys
from slipway_mcp.client import SLIPWAY
from slipway_mcp.variables import GUARD_VARIABLES, OPERATION_NAMES

if TYPE_CHECKING:
    from slipway_mcp.client import Release

STOP: Final = Operation("stop", "releases.stop", Risk.HIGH)

RELEASE_GUARD: Final = GuardSpec(
    service=SLIPWAY.name,
    thing="release",
    evidence="the release",
    scope="app",
    scopes="apps",
    scope_words="applications",
    operations=by_name(STOP),
    variables=GUARD_VARIABLES,
    keys=make_keys(
        OPERATION_NAMES,
        "an application",
        {"apps": list_of("Applications that may be changed, * as wildcard.", NAME_GLOB)},
    ),
)


@dataclass(frozen=True, kw_only=True)
class ReleaseAction(PlannedAction):
    """One thing to do to one release in the state in which it was read; the scope is its application."""

    release: Release

    @property
    @override
    def subject(self) -> str:
        return f"{self.release.number}@{self.release.state}"

    @override
    def facts(self) -> dict[str, Any]:
        # With the state: what a person confirmed about a running release does not hold once it is over.
        number, state = self.release.number, self.release.state
        return {"operation": self.operation.name, "app": self.scope, "release": number, "before": {"state": state}}


@dataclass(frozen=True, kw_only=True)
class ReleaseRules(Rules):
    """The rules of one process. `apps` are globs; without any, no application may be changed."""

    spec: ClassVar[GuardSpec] = RELEASE_GUARD

    operations: frozenset[str] = frozenset(OPERATION_NAMES)
    apps: tuple[str, ...] = ()

    @override
    def globs_match(self, globs: tuple[str, ...], scope: str) -> bool:
        return matches(globs, scope)
