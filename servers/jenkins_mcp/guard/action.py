"""The operations on jobs, builds and queue items."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.guard.operation_risk import Operation, Risk, by_name
from ci_mcp_kit.guard.planned_action import make_fingerprint
from jenkins_mcp.guard.parameters import BuildParameters

if TYPE_CHECKING:
    from ci_mcp_http.call import Call, Params
    from jenkins_mcp.client.names import JobName

OPERATIONS: Final = by_name(
    Operation("trigger", "builds.trigger", Risk.LOW),
    Operation("rebuild", "builds.rebuild", Risk.LOW),
    Operation("cancel", "queue.cancel", Risk.MEDIUM),
    Operation("stop", "builds.stop", Risk.HIGH),
)
CANCEL: Final = "cancelItem"
REPLAY: Final = "replay/rebuild"
OF_JOBS: Final = frozenset({"build", "buildWithParameters"})
VERBS: Final = {
    "trigger": OF_JOBS,
    "rebuild": OF_JOBS | {REPLAY},
    "cancel": frozenset({CANCEL}),
    "stop": frozenset({"stop", "term", "kill"}),
}
"""The ends of the paths that an operation may be sent to."""


@dataclass(frozen=True, kw_only=True)
class JenkinsAction:
    """An operation on a job, build or queue item in the state in which it was read.

    It is a `ci_mcp_kit.guard.protocols.Action`.

    Attributes:
        jenkins: the name of the Jenkins; "" where there is only one.
        job: the job that is built, or whose build or queue item it is.
        number: of the build or the queue item; 0 for a job.
        verb: the end of the path that it is sent to.
        form: the fields that are sent.
        state: what of the subject matters for a decision, as JSON values.
        additions: the parameters that the agent gives.
    """

    operation: Operation
    jenkins: str
    job: JobName
    verb: str
    number: int = 0
    form: Params = ()
    state: tuple[Any, ...] = ()
    additions: BuildParameters = field(default_factory=BuildParameters)

    @property
    def scope(self) -> str:
        """The job."""
        return str(self.job)

    @property
    def risk(self) -> Risk:
        """The operation's."""
        return self.operation.risk

    @property
    def fingerprint(self) -> str:
        """A short text for this action on the subject in this state."""
        return make_fingerprint(self.facts(), self.form, self.additions.params)

    @property
    def subject(self) -> str:
        """The Jenkins, with the number of the build or the queue item."""
        return f"{self.jenkins}#{self.number}"

    def facts(self) -> dict[str, Any]:
        """Return the subject, the state in which it was read, the operation, and the names of its parameters."""
        return {
            "operation": self.operation.name,
            "jenkins": self.jenkins,
            "job": self.scope,
            "item" if self.operation.name == "cancel" else "build": self.number or None,
            "verb": self.verb,
            "before": list(self.state),
            **self.additions.facts(),
        }

    def covers(self, call: Call[Any]) -> bool:
        """Check that the call performs exactly this operation with these fields."""
        sends = (call.operation, call.method, call.path, call.params, call.form, call.body, call.scope)
        allowed = (self.operation.call, "POST", self._path(), (), self.form, None, self.scope)
        # A trigger sends what the agent gives, and nothing else; the form of other operations is not the agent's.
        given = self.form if self.operation.name == "trigger" else ()
        is_consistent = self.additions.params == given and self.verb in VERBS[self.operation.name]
        return call.writes and sends == allowed and is_consistent

    def _path(self) -> str:
        from jenkins_mcp.client.names import build_path  # noqa: PLC0415 - on first use, to start fast

        if self.verb == CANCEL:
            return f"/queue/{CANCEL}"
        return f"{self.job.path if self.verb in OF_JOBS else build_path(self.job, self.number)}/{self.verb}"
