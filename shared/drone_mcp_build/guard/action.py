"""The operations on a build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.guard.action_parameters import NOTHING_ADDED, Additions
from ci_mcp_kit.guard.operation_risk import Operation, Risk, by_name
from ci_mcp_kit.guard.planned_action import make_fingerprint
from drone_mcp_client.status import blocked_stages

if TYPE_CHECKING:
    from ci_mcp_http.call import Call, Params
    from drone_mcp_client.models import Build

DEPLOYMENTS = frozenset({"promote", "rollback"})  # events of builds, and the operations that start them

OPERATIONS: Final = by_name(
    Operation("start", "builds.create", Risk.LOW),
    Operation("restart", "builds.restart", Risk.LOW),
    Operation("promote", "builds.promote", Risk.LOW),
    Operation("rollback", "builds.rollback", Risk.LOW),
    Operation("stop-preview", "builds.promote", Risk.LOW, "deployment"),
    Operation("approve", "stages.approve", Risk.MEDIUM),
    Operation("decline", "stages.decline", Risk.MEDIUM),
    Operation("stop", "builds.cancel", Risk.HIGH),
)


@dataclass(frozen=True, kw_only=True)
class BuildAction:
    """An operation on one build in the state in which it was read (a `ci_mcp_kit.guard.protocols.Action`).

    A build that is to be started has the number 0.

    Attributes:
        stages: their numbers; empty for the whole build.
        newest: the number of the repository's newest build at that moment; 0 where it was not read.
        unapproved: whether it would run stages without an approval.
        additions: what the agent adds to the operation.
        params: the parameters of Drone's own that the call sends, such as `target`.
        at: the Unix time at which it was planned; None where no rule may depend on it.
    """

    operation: Operation
    repo: str
    build: Build
    stages: tuple[int, ...] = ()
    newest: int = 0
    unapproved: bool = False
    additions: Additions = NOTHING_ADDED
    params: Params = ()
    at: float | None = None

    @property
    def scope(self) -> str:
        """The repository."""
        return self.repo

    @property
    def target(self) -> str:
        """The environment that it deploys to; "" where it deploys nothing."""
        own = self.build.deploy_to if self.build.event in DEPLOYMENTS else ""
        return dict(self.params).get("target", own)

    @property
    def risk(self) -> Risk:
        """The operation's; higher where Drone's own checks do not cover what runs."""
        if self.unapproved:
            return Risk.HIGH
        # Drone builds any commit as one of the branch that the caller names (handler/api/repos/builds/create.go).
        # A promotion takes the commit of a pull request as it is, merged or not (promote.go).
        chosen = (self.operation.name == "start" and bool(self.build.after)) or (
            self.operation.name == "promote" and self.build.event == "pull_request"
        )
        return max(self.operation.risk, Risk.MEDIUM) if chosen else self.operation.risk

    @property
    def fingerprint(self) -> str:
        """A short text for this action on this version of the build."""
        # Drone raises a row's version with each update, so any change of the build or of a stage that waits makes
        # another fingerprint, and a confirmation of the earlier one no longer holds.
        held = [(stage.number, stage.version) for stage in blocked_stages(self.build)]
        facts: list[Any] = [self.operation.name, self.repo, self.build.number, self.build.version, self.build.status]
        facts += [held, self.stages, self.unapproved, self.additions.params, self.additions.switches]
        facts += [self.params]
        return make_fingerprint(*facts)

    @property
    def subject(self) -> str:
        """The build and its version, or the ref of one that is to be started; then the target of a deployment."""
        build = f"{self.build.number}@{self.build.version}" if self.build.number else self.build.ref
        return f"{build} to {self.target}" if self.target else build

    def facts(self) -> dict[str, Any]:
        """Return the build, the state in which it was read, the operation, and the names of what is added to it."""
        build = self.build
        state = {"status": build.status, "version": build.version, "event": build.event, "commit": build.after}
        return {
            "operation": self.operation.name,
            "repo": self.repo,
            "build": build.number,
            "before": {**state, "stages": {str(stage.number): stage.status for stage in build.stages}},
            "stages": list(self.stages),
            **({"target": self.target} if self.target else {}),
            **self.additions.facts(),
        }

    def covers(self, call: Call[Any]) -> bool:
        """Check that the call performs exactly this operation on this build."""
        from ci_mcp_http.call import make_query  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_client.call_builders import repo_path  # noqa: PLC0415 - likewise

        number = self.build.number
        path = repo_path(self.repo, "builds", *([number] if number else []))[1]
        # With the slash, as build 1 must not cover build 12; a build to be started must not cover any that exists.
        is_there = call.path == path or (number > 0 and call.path.startswith(f"{path}/"))
        added = (*self.params, *make_query(**dict.fromkeys(self.additions.switches, True)), *self.additions.params)
        does_this = (call.operation, call.scope, call.params) == (self.operation.call, self.repo, added)
        return is_there and call.writes and does_this
