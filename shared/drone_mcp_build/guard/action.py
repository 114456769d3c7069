"""The operations on a build."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.guard.operations import Operation, Risk
from ci_mcp_kit.guard.write_parameters import NOTHING_ADDED, Additions
from drone_mcp_client.status import blocked_stages

if TYPE_CHECKING:
    from ci_mcp_http.call import Call
    from drone_mcp_client.models import Build

OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("restart", "builds.restart", Risk.LOW),
        Operation("approve", "stages.approve", Risk.MEDIUM),
        Operation("decline", "stages.decline", Risk.MEDIUM),
        Operation("stop", "builds.cancel", Risk.HIGH),
    )
}


@dataclass(frozen=True, kw_only=True)
class BuildAction:
    """An operation on one build in the state in which it was read (a `ci_mcp_kit.guard.protocols.Action`).

    Attributes:
        stages: their numbers; empty for the whole build.
        newest: the number of the repository's newest build at that moment; 0 where it was not read.
        unapproved: whether it would run stages without an approval.
        additions: what the agent adds to a restart.
    """

    operation: Operation
    repo: str
    build: Build
    stages: tuple[int, ...] = ()
    newest: int = 0
    unapproved: bool = False
    additions: Additions = NOTHING_ADDED

    @property
    def scope(self) -> str:
        """The repository."""
        return self.repo

    @property
    def risk(self) -> Risk:
        """The operation's, and the highest where it passes by an approval."""
        return Risk.HIGH if self.unapproved else self.operation.risk

    @property
    def fingerprint(self) -> str:
        """A short text for this action on this version of the build."""
        # Drone raises a row's version with each update, so any change of the build or of a stage that waits makes
        # another fingerprint, and a confirmation of the earlier one no longer holds.
        held = [(stage.number, stage.version) for stage in blocked_stages(self.build)]
        facts: list[Any] = [self.operation.name, self.repo, self.build.number, self.build.version, self.build.status]
        facts += [held, self.stages, self.unapproved, self.additions.params, self.additions.switches]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]

    @property
    def subject(self) -> str:
        """The build and its version."""
        return f"{self.build.number}@{self.build.version}"

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
            **self.additions.facts(),
        }

    def covers(self, call: Call[Any]) -> bool:
        """Check that the call performs exactly this operation on this build."""
        from ci_mcp_http.call import make_query  # noqa: PLC0415 - on first use, to start fast
        from drone_mcp_client.call_builders import repo_path  # noqa: PLC0415 - likewise

        path = repo_path(self.repo, "builds", self.build.number)[1]
        # With the slash, as build 1 must not cover build 12.
        is_there = call.path == path or call.path.startswith(f"{path}/")
        added = (*make_query(**dict.fromkeys(self.additions.switches, True)), *self.additions.params)
        does_this = (call.operation, call.scope, call.params) == (self.operation.call, self.repo, added)
        return is_there and call.writes and does_this
