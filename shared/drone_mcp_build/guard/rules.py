"""The rules of a role for changing builds: repositories, branches, deployment targets, approvals. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from ci_mcp_kit.guard.rules import Rules, matches
from drone_mcp_build.guard.action import OPERATIONS
from drone_mcp_build.guard.spec import BUILD_GUARD
from drone_mcp_build.refs import branch_of
from drone_mcp_build.scope import RepoScope

if TYPE_CHECKING:
    from ci_mcp_kit.guard.spec import GuardSpec
    from drone_mcp_build.guard.action import BuildAction

DEPLOYMENTS = frozenset({"promote", "rollback"})


@dataclass(frozen=True, kw_only=True)
class BuildRules(Rules):
    """The changes that one process may make.

    Attributes:
        repos: globs; empty for no repository.
        branches: globs of branches whose builds may be touched; one that begins with `!` takes away.
        targets: globs of environments whose promotions and rollbacks may be touched; empty for no deployment.
        unapproved: whether an unapproved build may be restarted on a protected repository.
        debug: whether a build may be restarted in Drone's debug mode.
    """

    spec: ClassVar[GuardSpec] = BUILD_GUARD

    operations: frozenset[str] = frozenset(OPERATIONS)
    repos: tuple[str, ...] = ()
    branches: tuple[str, ...] = ("*",)
    targets: tuple[str, ...] = ()
    unapproved: bool = False
    debug: bool = False

    @override
    def check_scope(self, scope: str) -> None:
        # Reading without globs sees every repository; changing without globs may change none.
        if not (self.repos and RepoScope(self.repos).sees(scope)):
            raise self.refusal("repos", f"This role may change nothing in {scope}")

    @override
    def check(self, action: BuildAction) -> None:
        build, branch = action.build, branch_of(action.build)
        if not matches(self.branches, branch):
            raise self.refusal("branches", f"This role may not touch builds of {branch!r}")
        if build.event in DEPLOYMENTS and not matches(self.targets, build.deploy_to):
            raise self.refusal("targets", f"This role may not touch deployments to {build.deploy_to!r}")
        if action.unapproved and not self.unapproved:
            message = f"{action.repo} is protected, and this would run build {build.number} although nobody approved it"
            raise self.refusal("unapproved", message)
