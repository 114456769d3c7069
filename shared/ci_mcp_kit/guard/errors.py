"""The errors of the guard, in addition to `PermissionDenied` and `RateLimited`."""

from __future__ import annotations

from typing import Any

from ci_mcp_kit.errors import Conflict, ServiceError


class WritesDisabled(ServiceError):
    """This process changes nothing. `Rules.disabled` names the variables that decide."""

    code = "WRITES_DISABLED"
    default_next_step = "The operator of this server can turn changes on"


class NotConfirmed(ServiceError):
    """The action has to be confirmed and has no valid confirmation."""

    code = "NOT_CONFIRMED"
    default_next_step = "Ask the person you work for; do not try again without them"


class OutcomeUnknown(Conflict):
    """A change that may have been carried out: its answer was lost, or the service failed while it worked on it."""

    # Unlike other conflicts: repeated at once, it could be done twice.
    default_retryable = False

    def __init__(self, message: str, evidence: str, **more: Any) -> None:
        super().__init__(message, next_step=f"Look at {evidence} first: it may have happened", **more)
        self.outcome_unknown = True


class NotesUnavailable(WritesDisabled):
    """It is unknown what this agent's other processes have done, so nothing was sent."""

    default_next_step = "The operator of this server has to make the store of DRONE_MCP_STATE answer; nothing was sent"
    default_retryable = True


class AuditUnavailable(WritesDisabled):
    """The audit line could not be written, so nothing was sent."""

    default_next_step = "The operator of this server has to make DRONE_MCP_AUDIT_LOG writable again; nothing was sent"
