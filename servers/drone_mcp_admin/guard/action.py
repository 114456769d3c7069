"""The operations of administration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from ci_mcp_kit.guard.operation_risk import Operation, Risk, by_name
from ci_mcp_kit.guard.planned_action import PlannedAction

if TYPE_CHECKING:
    from ci_mcp_http.call import Call

SERVER: Final = "server"  # the scope of users and the queue
UNSHOWN: Final = ("data", "token")  # fields of a body that hold a secret, or text that is too long

OPERATIONS: Final = by_name(
    Operation("update_repo", "repos.update", Risk.MEDIUM, "repository", "change"),
    Operation("enable_repo", "repos.enable", Risk.MEDIUM, "repository", "enable"),
    Operation("disable_repo", "repos.disable", Risk.HIGH, "repository", "disable"),
    # Drone then asks the source host with another account, for every build.
    Operation("chown_repo", "repos.chown", Risk.MEDIUM, "repository", "take over"),
    Operation("repair_repo", "repos.repair", Risk.LOW, "repository", "repair"),
    Operation("sync_repos", "user.sync", Risk.LOW, "repository", "sync"),
    Operation("purge_builds", "builds.purge", Risk.HIGH, "build", "purge"),
    Operation("set_secret", "secrets.update", Risk.MEDIUM, "secret", "set", also=("secrets.create",)),
    Operation("delete_secret", "secrets.delete", Risk.HIGH, "secret", "delete"),
    Operation("set_cron", "crons.update", Risk.MEDIUM, "scheduled job", "set", also=("crons.create", "crons.delete")),
    Operation("delete_cron", "crons.delete", Risk.HIGH, "scheduled job", "delete"),
    Operation("run_cron", "crons.run", Risk.LOW, "scheduled job", "run"),
    Operation("set_template", "templates.update", Risk.MEDIUM, "template", "set", also=("templates.create",)),
    Operation("delete_template", "templates.delete", Risk.HIGH, "template", "delete"),
    Operation("create_user", "users.create", Risk.MEDIUM, "user", "create"),
    Operation("update_user", "users.update", Risk.HIGH, "user", "change"),
    Operation("delete_user", "users.delete", Risk.HIGH, "user", "delete"),
    Operation("rotate_token", "users.rotate", Risk.HIGH, "token", "renew", also=("user.rotate",)),
    Operation("pause_queue", "queue.pause", Risk.HIGH, "queue", "pause"),
    Operation("resume_queue", "queue.resume", Risk.MEDIUM, "queue", "resume"),
)


@dataclass(frozen=True, kw_only=True)
class AdminAction(PlannedAction):
    """An operation on one thing; its scope is a repository "owner/name", a namespace "org:name", or "server".

    Attributes:
        target: what is changed in it, for a sentence: "secret NPM_TOKEN"; "" for the scope itself.
        trusts: whether it makes a repository trusted.
        promotes: whether it makes a user a system administrator.
    """

    operation: Operation
    scope: str
    target: str = ""
    trusts: bool = False
    promotes: bool = False

    @property
    @override
    def subject(self) -> str:
        return self.target or self.scope

    @override
    def facts(self) -> dict[str, Any]:
        return {
            "operation": self.operation.name,
            "scope": self.scope,
            "target": self.target,
            "before": list(self.state),
            "changes": [shown for call in self.calls if (shown := self.contents_of(call))],
        }

    @override
    def contents_of(self, call: Call[Any]) -> dict[str, Any]:
        # Never the digest of a body, from which a short secret could be guessed. The state stands for what is left out.
        return {name: value for name, value in sorted((call.body or {}).items()) if name not in UNSHOWN}

    @property
    @override
    def scope_of_calls(self) -> str | None:
        # To Drone, only a repository is a scope.
        return None if self.scope == SERVER or self.scope.startswith("org:") else self.scope
