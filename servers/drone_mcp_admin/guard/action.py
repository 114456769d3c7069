"""The operations of administration."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.guard.operations import Operation, Risk
from ci_mcp_kit.guard.write_parameters import NOTHING_ADDED, Additions

if TYPE_CHECKING:
    from ci_mcp_http.call import Call

SERVER: Final = "server"  # the scope of users and the queue
UNSHOWN: Final = ("data", "token")  # fields of a body that hold a secret, or text that is too long

OPERATIONS: Final = {
    operation.name: operation
    for operation in (
        Operation("update_repo", "repos.update", Risk.MEDIUM, "repository", "change"),
        Operation("enable_repo", "repos.enable", Risk.MEDIUM, "repository", "enable"),
        Operation("disable_repo", "repos.disable", Risk.HIGH, "repository", "disable"),
        # Drone then asks the source host with another account, for every build.
        Operation("chown_repo", "repos.chown", Risk.MEDIUM, "repository", "take over"),
        Operation("repair_repo", "repos.repair", Risk.LOW, "repository", "repair"),
        Operation("sync_repos", "user.sync", Risk.LOW, "repository", "sync"),
        Operation("purge_builds", "builds.purge", Risk.HIGH, "build", "purge"),
        Operation("set_secret", "secrets.update", Risk.MEDIUM, "secret", "set"),
        Operation("delete_secret", "secrets.delete", Risk.HIGH, "secret", "delete"),
        Operation("set_cron", "crons.update", Risk.MEDIUM, "scheduled job", "set"),
        Operation("delete_cron", "crons.delete", Risk.HIGH, "scheduled job", "delete"),
        Operation("run_cron", "crons.run", Risk.LOW, "scheduled job", "run"),
        Operation("set_template", "templates.update", Risk.MEDIUM, "template", "set"),
        Operation("delete_template", "templates.delete", Risk.HIGH, "template", "delete"),
        Operation("create_user", "users.create", Risk.MEDIUM, "user", "create"),
        Operation("update_user", "users.update", Risk.HIGH, "user", "change"),
        Operation("delete_user", "users.delete", Risk.HIGH, "user", "delete"),
        Operation("rotate_token", "users.rotate", Risk.HIGH, "token", "renew"),
        Operation("pause_queue", "queue.pause", Risk.HIGH, "queue", "pause"),
        Operation("resume_queue", "queue.resume", Risk.MEDIUM, "queue", "resume"),
    )
}
# What an operation may send besides the call that it is named for.
ALSO_SENDS: Final = {
    "set_secret": {"secrets.create"},
    "set_cron": {"crons.create", "crons.delete"},
    "set_template": {"templates.create"},
    "rotate_token": {"user.rotate"},
}


@dataclass(frozen=True, kw_only=True)
class AdminAction:
    """An operation on one thing in the state in which it was read (a `ci_mcp_kit.guard.protocols.Action`).

    Attributes:
        scope: a repository "owner/name", a namespace "org:name", or "server".
        target: what is changed in it, for a sentence: "secret NPM_TOKEN"; "" for the scope itself.
        state: what of it matters for a decision, as JSON values.
        calls: that carry it out.
        risk: the operation's, or a higher one.
        trusts: whether it makes a repository trusted.
        promotes: whether it makes a user a system administrator.
    """

    operation: Operation
    scope: str
    target: str = ""
    state: tuple[Any, ...] = ()
    calls: tuple[Call[Any], ...] = field(default=(), repr=False)
    risk: Risk
    trusts: bool = False
    promotes: bool = False
    additions: Additions = NOTHING_ADDED

    @property
    def fingerprint(self) -> str:
        """A short text for this action on this state, which stands for what `shown_body` leaves out of a call."""
        sent = [(call.operation, call.path, call.params, shown_body(call)) for call in self.calls]
        facts: list[Any] = [self.operation.name, self.scope, self.target, self.state, sent]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]

    @property
    def subject(self) -> str:
        """What is changed."""
        return self.target or self.scope

    def facts(self) -> dict[str, Any]:
        """Return the subject, its state before, and what is sent, without any value of a secret."""
        return {
            "operation": self.operation.name,
            "scope": self.scope,
            "target": self.target,
            "before": list(self.state),
            "changes": [shown for call in self.calls if (shown := shown_body(call))],
        }

    def covers(self, call: Call[Any]) -> bool:
        """Check that the call is one of this action's, within its scope, and of a kind that its operation may send."""
        allowed = {self.operation.call, *ALSO_SENDS.get(self.operation.name, ())}
        repo = None if self.scope == SERVER or self.scope.startswith("org:") else self.scope
        is_planned = any(call is planned for planned in self.calls)
        return is_planned and call.writes and call.operation in allowed and call.scope == repo


def shown_body(call: Call[Any]) -> dict[str, Any]:
    """Return the body of a call without what must not be shown."""
    return {name: value for name, value in sorted((call.body or {}).items()) if name not in UNSHOWN}
