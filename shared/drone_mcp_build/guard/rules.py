"""The rules of a role for changing builds: repositories, branches, deployment targets, approvals. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from ci_mcp_kit.guard.operation_risk import Risk
from ci_mcp_kit.guard.rules import Rules, matches
from drone_mcp_build.guard.action import DEPLOYMENTS, OPERATIONS
from drone_mcp_build.guard.spec import BUILD_GUARD
from drone_mcp_build.guard.windows import is_open, parse_window
from drone_mcp_build.refs import branch_of
from drone_mcp_build.scope import RepoScope

if TYPE_CHECKING:
    from ci_mcp_kit.guard.spec import GuardSpec
    from drone_mcp_build.guard.action import BuildAction

# As `variables` describes it. The preview of a branch called fix-product-page is not production.
PRODUCTION = ("*prod*", "!preview-*")


@dataclass(frozen=True, kw_only=True)
class BuildRules(Rules):
    """The changes that one process may make.

    Attributes:
        repos: globs; empty for no repository.
        branches: globs of branches whose builds may be touched; one that begins with `!` takes away.
        targets: globs of environments whose promotions and rollbacks may be touched; empty for no deployment.
        production: globs of the environments for which a person is always asked.
        windows: when production may be touched; empty for always.
        red: whether a build that is not green may be deployed.
        unapproved: whether an unapproved build may run on a protected repository.
        debug: whether a build may be restarted in Drone's debug mode.
    """

    spec: ClassVar[GuardSpec] = BUILD_GUARD

    operations: frozenset[str] = frozenset(OPERATIONS)
    repos: tuple[str, ...] = ()
    branches: tuple[str, ...] = ("*",)
    targets: tuple[str, ...] = ()
    production: tuple[str, ...] = PRODUCTION
    windows: tuple[str, ...] = ()
    red: bool = False
    unapproved: bool = False
    debug: bool = False

    @override
    def globs_match(self, globs: tuple[str, ...], scope: str) -> bool:
        return RepoScope(globs).sees(scope)

    @override
    def check(self, action: BuildAction) -> None:
        build, branch = action.build, branch_of(action.build)
        if not matches(self.branches, branch):
            raise self.refusal("branches", f"This role may not touch builds of {branch!r}")
        if action.operation.name in DEPLOYMENTS or build.event in DEPLOYMENTS:
            self._check_deployment(action)
        if action.unapproved and not self.unapproved:
            which = f"build {build.number}" if build.number else f"a build of {branch!r}"
            message = f"{action.repo} is protected, and this would run {which} although nobody approved it"
            raise self.refusal("unapproved", message)

    def _check_deployment(self, action: BuildAction) -> None:
        if not matches(self.targets, action.target):
            raise self.refusal("targets", f"This role may not touch deployments to {action.target!r}")
        deploys = action.operation.name in DEPLOYMENTS
        if deploys and action.build.status != "success" and not self.red:
            message = f"Build {action.build.number} is {action.build.status}, and this role deploys green builds only"
            raise self.refusal("red", message)
        # Whoever stops or declines a deployment ends a change of production, which is never too late.
        if action.operation.name in {"stop", "decline"} or not (self.windows and self.is_production(action)):
            return
        if action.at is None or not any(is_open(parse_window(text), action.at) for text in self.windows):
            message = f"{action.target!r} is changed by this role only within {', '.join(self.windows)}"
            raise self.refusal("windows", message)

    @override
    def risk_of(self, action: BuildAction) -> Risk:
        return Risk.HIGH if self.is_production(action) else action.risk

    def is_production(self, action: BuildAction) -> bool:
        """Return whether an action deploys to production; whatever the case of its name, which Drone keeps."""
        # Globs that take away keep their case: where in doubt, a person is asked.
        folded = (glob.casefold() for glob in self.production if not glob.startswith("!"))
        globs = (*self.production, *folded)
        return any(matches(globs, name) for name in (action.target, action.target.casefold()))
